using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Inputs;

public class PacedInputTests
{
    [Fact]
    public void A_recording_sounds_in_real_time_and_whole()
    {
        var clock = new ManualClock();
        float[] samples = Noise.Of(12_345, 1);
        using var input = new PacedInput(samples, 8000, "x", clock);
        var heard = new List<float>();
        var block = new float[333];
        while (input.Read(block) is > 0 and var count)
        {
            heard.AddRange(block[..count]);
            // What has sounded is never more than what time there was.
            Assert.True(heard.Count <= clock.Now.TotalSeconds * 8000 + 1);
        }
        Assert.Equal(samples, heard.ToArray());
        Assert.Equal(12_345, input.Captured);
        Assert.InRange(clock.Now.TotalSeconds, 12_345 / 8000.0, 12_345 / 8000.0 + 0.02);
    }

    [Fact]
    public void What_was_not_read_waits()
    {
        var clock = new ManualClock();
        using var input = new PacedInput(Noise.Of(8000, 2), 8000, "x", clock);
        clock.Pass(TimeSpan.FromMilliseconds(100));
        Assert.Equal((800L, 800), (input.Captured, input.Waiting));
        Assert.Equal(500, input.Read(new float[500]));
        Assert.Equal(300, input.Waiting);
        Assert.Equal(300, input.Read(new float[500]));
    }
}
