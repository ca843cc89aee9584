using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class GroupToneLossTests
{
    private const int Group = 8, Steps = 50;

    [Fact]
    public void Is_the_power_of_a_constant_in_one_channel()
    {
        Tensor x = new(2, 1, Group * Steps);
        for (int t = 0; t < Steps; t++) x.Row(1, 0)[t * Group + 3] = 2f;
        // Mean 2 in one of two times eight channels.
        Assert.Equal(4.0 / (2 * Group), GroupToneLoss.Apply(new CpuOps(), x, Group).Item, 1e-6);
    }

    [Fact]
    public void Does_not_see_a_tone_between_the_multiples()
    {
        Tensor x = new(1, 1, Group * Steps);
        for (int i = 0; i < x.Length; i++) x.Span[i] = MathF.Sin(2 * MathF.PI * 10 * i / (Group * Steps));
        Assert.Equal(0, GroupToneLoss.Apply(new CpuOps(), x, Group).Item, 1e-9);
    }

    [Fact]
    public void Of_white_noise_is_one_over_the_steps()
    {
        Tensor x = Samples.Normal(new Random(4), 64, 1, Group * Steps);
        Assert.Equal(1.0 / Steps, GroupToneLoss.Apply(new CpuOps(), x, Group).Item, 0.2 / Steps);
    }

    [Fact]
    public void Has_the_right_gradient() =>
        GradientCheck.Run((ops, i) => GroupToneLoss.Apply(ops, i[0], 4), Samples.Normal(new Random(5), 2, 1, 24));
}
