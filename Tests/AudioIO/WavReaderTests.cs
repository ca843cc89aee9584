using FlowVocoder.AudioIO;
using static FlowVocoder.Tests.AudioIO.WavBytes;

namespace FlowVocoder.Tests.AudioIO;

public class WavReaderTests
{
    // The same five values in every integer width: silence, half, minus half, the smallest, the largest.
    public static TheoryData<int, string, float> Integers => new()
    {
        { 8, "80 C0 40 00 FF", 127 / 128f },
        { 16, "0000 0040 00C0 0080 FF7F", 32767 / 32768f },
        { 24, "000000 000040 0000C0 000080 FFFF7F", 8388607 / 8388608f },
        { 32, "00000000 00000040 000000C0 00000080 FFFFFF7F", 2147483647 / 2147483648f },
    };

    [Theory]
    [MemberData(nameof(Integers))]
    public void Integers_are_scaled_to_full_scale_one(int bits, string hex, float largest)
    {
        Audio audio = Read(Simple(1, 1, 22050, bits, Hex(hex)));
        Assert.Equal([0f, 0.5f, -0.5f, -1f, largest], audio.Channels[0]);
        Assert.Equal(22050, audio.SampleRate);
    }

    [Fact]
    public void Narrow_integers_lie_in_the_high_bits()
    {
        // 12 bits in two bytes: 0x400 of 0x800 is half of full scale.
        Assert.Equal([0.5f, -1f], Read(Simple(1, 1, 8000, 12, Hex("0040 0080"))).Channels[0]);
    }

    [Fact]
    public void Floats_of_32_bits_are_taken_as_they_are()
    {
        byte[] data = [.. new[] { 0f, 1.5f, -0.25f, 1e-30f }.SelectMany(BitConverter.GetBytes)];
        Assert.Equal([0f, 1.5f, -0.25f, 1e-30f], Read(Simple(3, 1, 44100, 32, data)).Channels[0]);
    }

    [Fact]
    public void Floats_of_64_bits_are_rounded_to_32()
    {
        byte[] data = [.. new[] { 0.1, -2.0 }.SelectMany(BitConverter.GetBytes)];
        Assert.Equal([0.1f, -2f], Read(Simple(3, 1, 44100, 64, data)).Channels[0]);
    }

    [Theory]
    [InlineData(PcmId, 24, 20, "000040 0000C0", new[] { 0.5f, -0.5f })]
    [InlineData(FloatId, 32, 32, "0000003F 000000BF", new[] { 0.5f, -0.5f })]
    public void Extensible_names_its_codec_in_the_subformat(string id, int bits, int validBits, string hex, float[] expected)
    {
        byte[] wav = Riff([FmtExtensible(id, 1, 48000, bits, validBits), Chunk("data", Hex(hex))]);
        Assert.Equal(expected, Read(wav).Channels[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void Channels_are_taken_apart(int channels)
    {
        // More frames than one block of the reader; the value tells channel and time.
        const int frames = 20_000;
        byte[] data = S16([.. Enumerable.Range(0, frames * channels).Select(i => (short)(i / channels % 3000 + 3001 * (i % channels)))]);
        Audio audio = Read(Simple(1, channels, 16000, 16, data));
        Assert.Equal(channels, audio.Channels.Length);
        Assert.Equal(frames, audio.Length);
        for (int c = 0; c < channels; c++)
            Assert.Equal(Enumerable.Range(0, frames).Select(t => (t % 3000 + 3001 * c) / 32768f), audio.Channels[c]);
    }

    [Fact]
    public void Unknown_chunks_of_odd_size_before_and_after_are_passed_over()
    {
        byte[] wav = Riff(
        [
            Chunk("LIST", [1, 2, 3]), Fmt(1, 1, 8000, 16), Chunk("junk", new byte[5001]),
            Chunk("data", S16(16384, -16384)), Chunk("id3 ", [1]),
        ]);
        Assert.Equal([0.5f, -0.5f], Read(wav).Channels[0]);
    }

    [Fact]
    public void Odd_data_without_its_padding_is_whole()
    {
        byte[] wav = Simple(1, 1, 8000, 8, [128, 192, 64]);
        Assert.Equal([0f, 0.5f, -0.5f], Read(wav[..^1]).Channels[0]);
    }

    [Fact]
    public void Partial_last_frame_is_left_out() =>
        Assert.Equal([0.5f], Read(Simple(1, 2, 8000, 16, S16(16384, 8192, 77))).Channels[0]);

    [Theory]
    [InlineData(0u, 0u)] // flac
    [InlineData(36u, 0u)] // Python's wave, written to a pipe
    [InlineData(0xFFFFFFFFu, 0xFFFFFFFFu)] // FFmpeg
    [InlineData(0x7FFFF024u, 0x7FFFF000u)] // SoX, espeak
    [InlineData(0x80000024u, 0x80000000u)] // arecord
    public void Streamed_files_are_read_to_their_end(uint riffSize, uint dataSize)
    {
        short[] samples = [.. Enumerable.Range(0, 30_000).Select(i => (short)i)];
        byte[] wav = Riff([Fmt(1, 1, 8000, 16), Chunk("data", S16(samples), dataSize)], riffSize);
        float[] expected = [.. samples.Select(s => s / 32768f)];
        Assert.Equal(expected, Read(wav).Channels[0]);
        Assert.Equal(expected, ReadPipe(wav).Channels[0]);
    }

    [Fact]
    public void Rf64_takes_its_size_from_ds64()
    {
        byte[] ds64 = [.. U32(100), .. U32(0), .. U32(4), .. U32(0), .. U32(2), .. U32(0), .. U32(0)];
        byte[] wav = Riff([Chunk("ds64", ds64), Fmt(1, 1, 8000, 16), Chunk("data", S16(16384, 8192), uint.MaxValue), Chunk("tail", [9, 9])],
            uint.MaxValue, "RF64");
        Assert.Equal([0.5f, 0.25f], Read(wav).Channels[0]);
        Refusal.Expect(() => Read(wav[..^12]), "truncated", "2 bytes", "expected 4");
    }

    [Fact]
    public void Pipes_that_deliver_little_at_a_time_are_read()
    {
        short[] samples = [.. Enumerable.Range(0, 20_000).Select(i => (short)i)];
        byte[] wav = Riff([Chunk("LIST", new byte[777]), Fmt(1, 2, 8000, 16), Chunk("data", S16(samples))]);
        Audio audio = ReadPipe(wav);
        Assert.Equal(10_000, audio.Length);
        Assert.Equal(19_999 / 32768f, audio.Channels[1][^1]);
        Refusal.Expect(() => ReadPipe(wav[..^10]), "truncated", "39990 bytes", "expected 40000");
    }

    [Fact]
    public void Mono_mix_is_the_mean_of_the_channels()
    {
        Audio audio = Read(Simple(1, 2, 8000, 16, S16(16384, -16384, 16384, 8192)));
        Assert.Equal([0f, 0.375f], audio.ToMono());
        Audio mono = Read(Simple(1, 1, 8000, 16, S16(16384)));
        Assert.Equal([0.5f], mono.ToMono());
        Assert.NotSame(mono.Channels[0], mono.ToMono());
    }

    private static Audio Read(byte[] wav) => WavReader.Read(new MemoryStream(wav), "x.wav");

    private static Audio ReadPipe(byte[] wav) => WavReader.Read(new ForwardOnlyStream(new MemoryStream(wav), 1000), "x.wav");

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
