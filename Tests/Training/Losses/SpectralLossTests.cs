using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class SpectralLossTests
{
    // Two items of two bins and two windows.
    private static Tensor Generated => Tensor.From([1, 2, 3, 4, /**/ 2, 2, 1, 1], 2, 2, 2);

    private static Tensor Recorded => Tensor.From([2, 2, 1, 4, /**/ 1, 1, 1, 3], 2, 2, 2);

    [Fact]
    public void The_stft_loss_is_spectral_convergence_plus_the_distance_of_the_logarithms()
    {
        // Differences 1, 0, 2, 0, 1, 1, 0, 2: squares add up to 11; those of the recording to 4+4+1+16+1+1+1+9 = 37.
        double logs = (Math.Log(2) + Math.Log(3) + Math.Log(2) + Math.Log(2) + Math.Log(3)) / 8;
        // √(d² + 1e-6) in place of |d| adds a thousandth where d is 0.
        Assert.Equal(Math.Sqrt(11.0 / 37) + logs + 3 * 1e-3 / 8, StftLoss.Apply(new CpuOps(), Generated, Recorded).Item, 2e-5);
        Assert.InRange(StftLoss.Apply(new CpuOps(), Recorded, Recorded).Item, 0, 1.2e-3);
    }

    [Fact]
    public void The_power_loss_compares_powers_averaged_over_time()
    {
        // Item 0: powers (1+4)/2 = 2.5 and (9+16)/2 = 12.5 against 4 and 8.5; item 1: 4 and 1 against 1 and 5.
        double first = (1.5 * 1.5 + 4 * 4) / (16 + 72.25), second = (3 * 3 + 4 * 4) / (1.0 + 25);
        Assert.Equal((first + second) / 2, PowerLoss.Apply(new CpuOps(), Generated, Recorded).Item, 1e-6);
        // When windows change places, the mean stays.
        Tensor swapped = Tensor.From([2, 2, 4, 1, /**/ 1, 1, 3, 1], 2, 2, 2);
        Assert.Equal(0, PowerLoss.Apply(new CpuOps(), swapped, Recorded).Item, 1e-9);
    }

    [Fact]
    public void Loudness_changes_neither()
    {
        var ops = new CpuOps();
        Tensor x = ops.Scale(Generated, 0.01f), y = ops.Scale(Recorded, 0.01f);
        // The floor of the logarithm, 1e-5, is a thousandth of these.
        Assert.Equal(StftLoss.Apply(ops, Generated, Recorded).Item, StftLoss.Apply(ops, x, y).Item, 3e-3);
        Assert.Equal(PowerLoss.Apply(ops, Generated, Recorded).Item, PowerLoss.Apply(ops, x, y).Item, 1e-4);
    }

    [Fact]
    public void Both_have_the_right_gradient()
    {
        var random = new Random(3);
        Tensor Magnitude()
        {
            Tensor x = Samples.Normal(random, 2, 5, 4);
            foreach (ref float v in x.Span) v = 1.5f + 0.5f * MathF.Tanh(v);
            return x;
        }
        // Far from the generated ones, away from the kink of the distance.
        Tensor recorded = new CpuOps().Scale(Magnitude(), 4f);
        GradientCheck.Run((ops, i) => StftLoss.Apply(ops, i[0], recorded), Magnitude());
        GradientCheck.Run((ops, i) => PowerLoss.Apply(ops, i[0], recorded), Magnitude());
    }
}
