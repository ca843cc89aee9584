using System.Diagnostics;
using System.Globalization;
using FlowVocoder.Torch;

namespace FlowVocoder.Tests.Torch;

/// <summary>What is measured on a CUDA device, tried on the processor; times are not looked at.</summary>
public class BenchmarkTests
{
    private static (int Code, string Output, string Error) Run(string line)
    {
        Assert.SkipWhen(TorchDevices.Fault != null, TorchDevices.Fault ?? "");
        string program = Path.Combine(AppContext.BaseDirectory, "FlowVocoder.Benchmarks.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. line.Split(' ')]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    [Fact]
    public void All_of_it_runs_on_the_processor()
    {
        var (code, output, error) = Run("gpu --device cpu --voice student --frames 8 --steps 1 --batch 1 --rounds 1 --measure 0");
        Assert.True(code == 0, error);
        IEnumerable<string> lines = output.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal));
        string[][] rows = [.. lines.Select(Cells).Where(cells => cells[1] != "onnx")];
        string[] names = ["voice", "student", "student", "student", "training of the default compact voice", "managed", "torch", "torch bfloat16"];
        Assert.Equal(names, rows.Select(row => row[0]));
        Assert.Equal(["managed", "torch", "torch bfloat16"], rows[1..4].Select(row => row[1]));
        foreach (string figure in (string[])[.. rows[1..4].SelectMany(row => row[3..]), .. rows[5..].SelectMany(row => row[1..])])
            Assert.True(double.TryParse(figure.Split(' ')[0], CultureInfo.InvariantCulture, out double value) && value >= 0, output);
    }

    private static string[] Cells(string line) => line.Split('|', StringSplitOptions.TrimEntries)[1..^1];

    [Theory]
    [InlineData("engines")]
    [InlineData("gpu --device cpu")]
    [InlineData("synth")]
    [InlineData("streaming")]
    [InlineData("directions")]
    [InlineData("load")]
    public void A_voice_that_is_not_there_is_an_error_and_nothing_else(string line)
    {
        var (code, output, error) = Run($"{line} --voice nope");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("nope", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_device_it_says_so_and_measures_nothing()
    {
        var (code, output, error) = Run("gpu");
        Assert.SkipWhen(TorchDevices.CudaCount > 0, "this machine has a CUDA device");
        Assert.Equal((1, "", "the device cuda is not there: this libtorch finds no CUDA device"), (code, output, error.Trim()));
    }
}
