using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>Programs of other languages, from packages of npm in the folder that FLOWVOCODER_NODE_MODULES names.</summary>
internal static class Node
{
    public const string Variable = "FLOWVOCODER_NODE_MODULES";

    private static string? Modules => Environment.GetEnvironmentVariable(Variable);

    /// <summary>Skips a test where a package is not there.</summary>
    public static void Require(string package) =>
        Assert.SkipUnless(Modules is { } folder && Directory.Exists(Path.Combine(folder, package)), $"{package} is not in the folder that {Variable} names");

    /// <summary>Runs a script that lies beside the tests.</summary>
    public static void Run(string script, params string[] arguments) =>
        Execute("node", [Path.Combine(AppContext.BaseDirectory, "scripts", script), .. arguments]);

    /// <summary>Runs a program, which must succeed.</summary>
    public static void Execute(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (Modules is { } modules)
        {
            start.Environment["NODE_PATH"] = modules;
            // sherpa-onnx finds its library so.
            start.Environment["LD_LIBRARY_PATH"] = Path.Combine(modules, "sherpa-onnx-linux-x64");
        }
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {error.Result}{output.Result}");
    }

    public static string Write(string path, float[] values)
    {
        File.WriteAllBytes(path, MemoryMarshal.AsBytes<float>(values).ToArray());
        return path;
    }

    public static float[] Read(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
}
