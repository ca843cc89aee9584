using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class Pcm16Tests
{
    [Theory]
    [InlineData(0f, 0), InlineData(1f, 32767), InlineData(-1f, -32768), InlineData(0.5f, 16384), InlineData(32766.6f / 32768, 32767)]
    [InlineData(1.00002f, 32767), InlineData(2f, 32767), InlineData(1e30f, 32767), InlineData(float.PositiveInfinity, 32767)]
    [InlineData(-1.00002f, -32768), InlineData(-2f, -32768), InlineData(-1e30f, -32768), InlineData(float.NegativeInfinity, -32768), InlineData(float.NaN, 0)]
    public void Samples_are_rounded_and_clipped_and_never_wrap(float sample, short expected) => Assert.Equal(expected, Pcm16.Of(sample));

    [Fact]
    public void Bytes_are_little_endian()
    {
        var bytes = new byte[5];
        Assert.Equal(4, Pcm16.Encode([0x1234 / 32768f, -2 / 32768f], bytes));
        Assert.Equal([0x34, 0x12, 0xFE, 0xFF, 0], bytes);
        Assert.Throws<ArgumentException>(() => Pcm16.Encode([0f, 0f], new byte[3]));
    }
}
