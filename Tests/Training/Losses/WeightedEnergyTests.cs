using System.Numerics;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class WeightedEnergyTests
{
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("hifigan") with { FftSize = 64, WindowSize = 64, HopSize = 16, Bands = 8 };

    [Fact]
    public void It_is_the_formula_by_a_naive_transform()
    {
        const int Length = 64 + 3 * 16;
        var random = new Random(1);
        Tensor error = Samples.Normal(random, 2, 1, Length), signal = Samples.Normal(random, 2, 1, Length);
        // Loud, and so soft that the weight reaches its bound.
        foreach (ref float value in signal.Row(0, 0)) value *= 5;
        foreach (ref float value in signal.Row(1, 0)) value *= 1e-3f;
        double sum = 0;
        for (int b = 0; b < 2; b++)
            for (int frame = 0; frame < 4; frame++)
            {
                double[] e = Bands(error.Row(b, 0).Slice(16 * frame, 64)), x = Bands(signal.Row(b, 0).Slice(16 * frame, 64));
                for (int k = 0; k < 16; k++) sum += e[k] * Math.Clamp(1 / Math.Sqrt(x[k] + 1e-7), 1e-2, 1e2);
            }
        Assert.Equal(sum / (2 * 4 * 16), new WeightedEnergy(s_recipe).Apply(new CpuOps(), error, signal).Item, 1e-4 * sum / 128);
    }

    [Fact]
    public void White_noise_of_unit_variance_beside_its_like_costs_about_its_variance()
    {
        var random = new Random(2);
        Tensor error = Samples.Normal(random, 1, 1, 40_000), signal = new CpuOps().Fill(1, 1, 40_000, 0f);
        // Beside silence the weight is its bound.
        Assert.Equal(100, new WeightedEnergy(s_recipe).Apply(new CpuOps(), error, signal).Item, 3.0);
    }

    // A Hann window that starts anew after its length, |DFT|², half of each odd bin and a quarter of its neighbours, over the energy of the window.
    private static double[] Bands(ReadOnlySpan<float> samples)
    {
        var power = new double[33];
        double energy = 0;
        for (int k = 0; k < 33; k++)
        {
            Complex bin = 0;
            for (int n = 0; n < 64; n++) bin += samples[n] * Window(n) * Complex.FromPolarCoordinates(1, -2 * Math.PI * k * n / 64);
            power[k] = bin.Magnitude * bin.Magnitude;
        }
        for (int n = 0; n < 64; n++) energy += Window(n) * Window(n);
        return [.. Enumerable.Range(0, 16).Select(k => (0.25 * power[2 * k] + 0.5 * power[2 * k + 1] + 0.25 * power[2 * k + 2]) / energy)];
        static double Window(int n) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * n / 64);
    }
}
