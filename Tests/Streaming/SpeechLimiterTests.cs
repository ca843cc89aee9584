using FlowVocoder.Streaming;

namespace FlowVocoder.Tests.Streaming;

public class SpeechLimiterTests
{
    [Fact]
    public void What_is_below_the_knee_keeps_every_bit_and_the_rest_stays_in_order_within_full_scale()
    {
        float[] samples = [.. Enumerable.Range(-3000, 6001).Select(i => i / 1000f)], limited = [.. samples];
        Assert.Equal(2 * 2000, SpeechLimiter.Apply(limited));
        for (int i = 0; i < samples.Length; i++)
        {
            double size = Math.Abs((double)samples[i]), expected = size <= 0.95f ? size : 0.95 + 0.05 * Math.Tanh((size - 0.95) / 0.05);
            if (size <= 0.95f) Assert.Equal(samples[i], limited[i]);
            Assert.Equal(Math.Sign(samples[i]) * expected, limited[i], 1e-6);
            Assert.InRange(limited[i], -1f, 1f);
            if (i > 0) Assert.True(limited[i] >= limited[i - 1]);
        }
    }

    [Fact]
    public void Nothing_to_do_is_nothing_done()
    {
        float[] quiet = [0.1f, -0.95f, 0, -0f];
        Assert.Equal(0, SpeechLimiter.Apply(quiet));
        Assert.Equal([0.1f, -0.95f, 0, -0f], quiet);
        Assert.Equal(0, SpeechLimiter.Apply([]));
    }
}
