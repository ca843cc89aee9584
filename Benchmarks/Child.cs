using System.Diagnostics;

namespace FlowVocoder.Benchmarks;

/// <summary>This program as a process of its own: neither memory nor threads of what ran before are in it.</summary>
internal static class Child
{
    /// <summary>Runs it and gives what it printed.</summary>
    /// <exception cref="VocoderException">It failed; with its own words.</exception>
    public static string Run(params string[] arguments)
    {
        string[] command = Environment.GetCommandLineArgs();
        bool viaDotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. viaDotnet ? command[..1] : [], .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new VocoderException($"{string.Join(' ', arguments)}: {error.Result.Trim()}");
    }
}
