using System.Diagnostics;

namespace FlowVocoder.Tests.Cli.Processes;

/// <summary>The real program in a process of its own, with real pipes and signals.</summary>
internal sealed class VocoderProcess : IDisposable
{
    // Only there so that a program that hangs fails the test.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task<string> _error;

    /// <summary>Starts it.</summary>
    /// <param name="args">What is typed behind its name.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="redirection">What a shell makes of its standard streams, such as "&lt;&amp;-".</param>
    public VocoderProcess(string[] args, IReadOnlyDictionary<string, string>? environment = null, string redirection = "")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals and pipes of Unix");
        // The host that runs the tests runs the program too.
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo("sh")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (string argument in (string[])["-c", $"exec \"$0\" \"$@\" {redirection}", host, Path.Combine(AppContext.BaseDirectory, "vocoder.dll"), .. args])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Reads so many bytes of standard output, waiting for them.</summary>
    public byte[] Read(int count)
    {
        var bytes = new byte[count];
        Task reading = Output.ReadExactlyAsync(bytes).AsTask();
        if (!reading.Wait(s_patience)) throw Hangs($"gave fewer than {count} bytes");
        return bytes;
    }

    /// <summary>All that is left of standard output.</summary>
    public byte[] ReadToEnd()
    {
        var bytes = new MemoryStream();
        if (!Output.CopyToAsync(bytes).Wait(s_patience)) throw Hangs("did not close its output");
        return bytes.ToArray();
    }

    /// <summary>SIGINT is what Ctrl-C sends, SIGTERM what kill and system managers send.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-s", name, $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end: exit code and standard error.</summary>
    public (int Code, string Error) End()
    {
        if (!_process.WaitForExit(s_patience)) throw Hangs("did not end");
        return (_process.ExitCode, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private InvalidOperationException Hangs(string how) => new($"the program hangs: it {how} in {s_patience}");
}
