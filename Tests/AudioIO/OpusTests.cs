using System.Buffers.Binary;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>
/// Opus files of other encoders: chirp.opus by ffmpeg (a quarter of a second of the chirp) and what opusdec makes of it, six.opus by opusenc (six channels,
/// each a tone).
/// </summary>
public class OpusTests
{
    private const int HeadAt = 28;

    private static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", name));

    private static Audio Read(byte[] bytes) => AudioFile.Read(new MemoryStream(bytes), "a.opus");

    private static byte[] With(Action<byte[]> change)
    {
        byte[] bytes = Bytes("chirp.opus");
        change(bytes);
        RecordingFormatTests.SetOggChecksums(bytes);
        return bytes;
    }

    [Fact]
    public void Samples_are_those_of_the_reference_decoder_from_the_first_to_the_last()
    {
        Audio audio = Read(Bytes("chirp.opus"));
        float[] expected = AudioFile.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", "chirp.opus.wav")).Channels[0];
        Assert.Equal((48_000, 1, expected.Length), (audio.SampleRate, audio.Channels.Length, audio.Length));
        // Concentus computes in integers, the reference in floats.
        double error = 0, power = 0;
        for (int t = 0; t < expected.Length; t++) (error, power) = (error + Math.Pow(expected[t] - audio.Channels[0][t], 2), power + Math.Pow(expected[t], 2));
        Assert.InRange(10 * Math.Log10(power / error), 60, 120);
    }

    [Fact]
    public void Six_channels_are_told_apart()
    {
        Audio audio = Read(Bytes("six.opus"));
        Assert.Equal((6, 5760), (audio.Channels.Length, audio.Length));
        // In the order of Vorbis: left, middle, right, and those behind; the sixth carries what is too low for a tone.
        int[] tones = [300, 700, 500, 1100, 1300];
        for (int channel = 0; channel < tones.Length; channel++)
        {
            double[] powers = [.. tones.Select(f => Power(audio.Channels[channel], f))];
            Assert.Equal(channel, Array.IndexOf(powers, powers.Max()));
            Assert.True(powers.Sum() - powers.Max() < powers.Max() / 100);
        }
    }

    [Fact]
    public void The_gain_of_the_header_is_applied()
    {
        float[] plain = Read(Bytes("chirp.opus")).Channels[0];
        float[] half = Read(
            With(bytes => BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(HeadAt + 16), (short)Math.Round(20 * Math.Log10(0.5) * 256)))).Channels[0];
        for (int t = 0; t < plain.Length; t++) Assert.Equal(plain[t] / 2, half[t], 1e-3f);
    }

    [Fact]
    public void Headers_that_lie_are_refused()
    {
        Refusal.Expect(() => Read(With(b => b[HeadAt + 8] = 0x11)), "'a.opus' has an opus header of version 1, expected 0");
        Refusal.Expect(() => Read(With(b => b[HeadAt + 9] = 0)), "0 channels, expected 1 to 8");
        Refusal.Expect(() => Read(With(b => b[HeadAt + 9] = 3)), "3 channels without an order of them, expected 1 or 2");
        Refusal.Expect(() => Read(With(b => b[HeadAt + 18] = 1)), "an opus header of 19 bytes, expected 22");
        Refusal.Expect(() => Read(Bytes("chirp.opus")[..100]), "a.opus");
        byte[] six = Bytes("six.opus");
        six[HeadAt + 19] = 200;
        RecordingFormatTests.SetOggChecksums(six);
        Refusal.Expect(() => Read(six), "cannot decode 'a.opus' as ogg opus");
    }

    // An end within the last packet is kept to; one beyond it or before the beginning is a lie.
    [Theory, InlineData(312 + 12_000, 12_000), InlineData(312 + 11_777, 11_777), InlineData(1L << 40, 12_168), InlineData(-1, 12_168), InlineData(100, 12_168)]
    public void The_end_is_believed_as_far_as_it_can_be(long end, int expected)
    {
        byte[] bytes = With(b => BinaryPrimitives.WriteInt64LittleEndian(b.AsSpan(b.AsSpan().LastIndexOf("OggS"u8) + 6), end));
        Assert.Equal(expected, Read(bytes).Length);
    }

    private static double Power(float[] samples, double frequency)
    {
        double re = 0, im = 0;
        for (int t = 0; t < samples.Length; t++)
        {
            re += samples[t] * Math.Cos(2 * Math.PI * frequency * t / 48_000);
            im += samples[t] * Math.Sin(2 * Math.PI * frequency * t / 48_000);
        }
        return re * re + im * im;
    }
}
