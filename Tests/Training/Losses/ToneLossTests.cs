using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class ToneLossTests
{
    private const int Period = 8, Periods = 50;

    private static double Loss(Tensor first, Tensor second) => ToneLoss.Apply(new CpuOps(), first, second, Period).Item;

    [Fact]
    public void Is_the_power_of_what_repeats_in_every_period()
    {
        Tensor x = new(2, 1, Period * Periods);
        for (int t = 0; t < Periods; t++) x.Row(1, 0)[t * Period + 3] = 2f;
        // Mean 2 at one of eight places of one of two items.
        Assert.Equal(4.0 / (2 * Period), Loss(x, x), 1e-6);
    }

    [Fact]
    public void Does_not_see_a_tone_between_the_multiples()
    {
        Tensor x = new(1, 1, Period * Periods);
        for (int i = 0; i < x.Length; i++) x.Span[i] = MathF.Sin(2 * MathF.PI * 10 * i / (Period * Periods));
        Assert.Equal(0, Loss(x, x), 1e-9);
    }

    [Fact]
    public void Noise_has_none_and_hides_no_tone()
    {
        var random = new Random(4);
        Tensor first = Samples.Normal(random, 64, 1, Period * Periods), second = Samples.Normal(random, 64, 1, Period * Periods);
        // The mean of one signal squared would be 1/50; the product of two has a deviation of 1/50/√512.
        Assert.InRange(Loss(first, second), -0.004, 0.004);
        for (int row = 0; row < 64; row++)
            for (int i = 0; i < first.Length; i++)
            {
                float tone = 0.2f * MathF.Cos(2 * MathF.PI * 3 * i / Period);
                first.Row(row, 0)[i] += tone;
                second.Row(row, 0)[i] += tone;
            }
        Assert.Equal(0.02, Loss(first, second), 0.006);
    }

    [Fact]
    public void Has_the_right_gradient()
    {
        var random = new Random(5);
        GradientCheck.Run((ops, i) => ToneLoss.Apply(ops, i[0], i[1], 4), Samples.Normal(random, 2, 1, 24), Samples.Normal(random, 2, 1, 24));
    }
}
