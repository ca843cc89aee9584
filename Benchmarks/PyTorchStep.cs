using System.Diagnostics;
using System.Globalization;

namespace FlowVocoder.Benchmarks;

/// <summary>Runs <c>pytorch_step.py</c>, which lies beside the program.</summary>
internal static class PyTorchStep
{
    /// <summary>Times of some training steps of the same network in PyTorch, in seconds.</summary>
    /// <exception cref="VocoderException">Python or PyTorch is not there, or the script failed.</exception>
    public static List<double> Run(string python, int batch, int frames, int steps, int threads)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "pytorch_step.py");
        var start = new ProcessStartInfo(python) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { script, "--times", $"--batch={batch}", $"--frames={frames}", $"--steps={steps}", $"--threads={threads}" })
            start.ArgumentList.Add(argument);
        using Process process = Start(start);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new VocoderException($"{python} {script}: failed with exit code {process.ExitCode}: {errors.Result.Trim().Split('\n')[^1]}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new VocoderException($"{start.FileName}: cannot be started ({e.Message}), expected a Python with torch, such as Debian's python3-torch", e);
        }
    }
}
