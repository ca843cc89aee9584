using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class ChannelSwapTests
{
    private readonly Tensor _x = Samples.Normal(new Random(1), 2, 6, 5);

    [Fact]
    public void Round_trip() => FlowChecks.RoundTrip(new ChannelSwap(), _x);

    [Fact]
    public void Exchanges_the_halves_and_keeps_the_volume()
    {
        Tensor z = new ChannelSwap().Forward(new CpuOps(), _x, Flow.NoCondition(_x), out Tensor logDet);
        for (int c = 0; c < 6; c++) Samples.SameBits(_x.Row(1, c), z.Row(1, (c + 3) % 6), $"channel {c}");
        Assert.Equal(0f, logDet.Item);
    }

    [Fact]
    public void Odd_channels_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ChannelSwap().Forward(new CpuOps(), new Tensor(1, 3, 1), Flow.NoCondition(_x), out _));
        Assert.Throws<ArgumentException>(() => new ChannelSwap().Inverse(new CpuOps(), new Tensor(1, 3, 1), Flow.NoCondition(_x)));
    }
}
