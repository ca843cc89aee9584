using System.Runtime.InteropServices;
using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>Seeded random tensors and exact comparisons.</summary>
internal static class Samples
{
    public static double NextNormal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static Tensor Normal(Random random, int batch, int channels, int length, double scale = 1)
    {
        var tensor = new Tensor(batch, channels, length);
        for (int i = 0; i < tensor.Size; i++) tensor.Span[i] = (float)(scale * random.NextNormal());
        return tensor;
    }

    /// <summary>Adds noise to every trained parameter, so that no layer is left at its initial identity.</summary>
    public static ParameterSet Randomize(this ParameterSet parameters, int seed, double scale = 0.2)
    {
        var random = new Random(seed);
        foreach (Parameter p in parameters.Items.Where(p => p.Trained))
        {
            for (int i = 0; i < p.Value.Size; i++) p.Value.Span[i] += (float)(scale * random.NextNormal());
            p.Value.MarkChanged();
        }
        return parameters;
    }

    /// <summary>√(Σ (expected - found)² / Σ expected²).</summary>
    public static double RelativeL2(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        double difference = 0, energy = 0;
        for (int i = 0; i < expected.Length; i++)
            (difference, energy) = (difference + Math.Pow(expected[i] - found[i], 2), energy + (double)expected[i] * expected[i]);
        return Math.Sqrt(difference / energy);
    }

    /// <summary>Asserts that two results agree in every bit, signs of zero included.</summary>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        int at = MemoryMarshal.Cast<float, int>(expected).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual));
        Assert.True(at == expected.Length, at == expected.Length ? "" : $"{what}: element {at} is {actual[at]:R}, expected {expected[at]:R}");
    }

    /// <summary>Asserts |actual - expected| ≤ tolerance everywhere.</summary>
    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= tolerance, $"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R} ± {tolerance}");
    }
}
