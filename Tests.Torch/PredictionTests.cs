using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Torch;

/// <summary>Linear prediction of real mels in blocks, against the recursion in double.</summary>
public class PredictionTests
{
    [Theory]
    [InlineData("student")]
    [InlineData("compact")]
    public void Blocks_are_nearer_to_the_exact_filter_than_the_recursion_in_32_bits(string name)
    {
        MelLinearPredictor predictor = ((CompactVocoder)VoiceLibrary.Load(name).Model).NewPredictor()!;
        MelArray mel = MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy"), 80);
        int frames = mel.Data.Length / 80, blocks = frames * predictor.BlocksPerHop, size = predictor.BlockSize;
        Tensor taps = new(1, blocks, predictor.Order), gains = new(1, blocks, 1), x = Samples.Normal(new Random(1), 1, 1, blocks * size);
        predictor.Compute(mel.Data, frames, taps.Span, gains.Span);
        float[] expected = Recursion(x.Span, taps, gains, size);
        Ops ops = Libtorch.Engine.Compute(), managed = Engine.Managed.Compute();
        double error = TorchOpsTests.Error(ops.Read(ops.AllPole(x, taps, gains)), expected),
            recursion = TorchOpsTests.Error(managed.Read(managed.AllPole(x, taps, gains)), expected);
        TestContext.Current.SendDiagnosticMessage($"{name}: {frames} frames, blocks {error:g3}, recursion in 32 bits {recursion:g3}");
        Assert.InRange(error, 0, 1e-7);
        Assert.True(error <= recursion, $"{error} and {recursion}");
        Assert.InRange(TorchOpsTests.Error(ops.Read(ops.AllPoleInverse(ops.AllPole(x, taps, gains), taps, gains)), x.Span), 0, 1e-4);
    }

    private static float[] Recursion(ReadOnlySpan<float> x, Tensor taps, Tensor gains, int size)
    {
        var y = new double[x.Length];
        for (int t = 0; t < y.Length; t++)
        {
            ReadOnlySpan<float> a = taps.Row(0, t / size);
            y[t] = (double)gains.Row(0, t / size)[0] * x[t];
            for (int k = 1; k <= Math.Min(a.Length, t); k++) y[t] += (double)a[k - 1] * y[t - k];
        }
        return [.. y.Select(value => (float)value)];
    }
}
