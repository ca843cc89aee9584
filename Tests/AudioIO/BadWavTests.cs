using FlowVocoder.AudioIO;
using static FlowVocoder.Tests.AudioIO.WavBytes;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>Wav files that must be refused, each with one line that says what was found and what was expected.</summary>
public class BadWavTests
{
    private static readonly byte[] Good = Simple(1, 1, 8000, 16, S16(1, 2, 3, 4));

    [Fact]
    public void Truncated_data_says_how_much_is_missing() =>
        Refuse(Good[..^3], "truncated", "has 5 bytes", "expected 8");

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Every_cut_is_refused(int channels)
    {
        byte[] wav = Simple(1, channels, 8000, 16, S16(1, 2, 3, 4));
        for (int length = 0; length < wav.Length; length++)
        {
            Refuse(wav[..length]);
            Refusal.Expect(() => WavReader.Read(new ForwardOnlyStream(new MemoryStream(wav[..length])), "pipe"), "'pipe'");
        }
    }

    [Fact]
    public void Header_that_lies_about_its_size_costs_no_memory()
    {
        byte[] wav = Riff([Fmt(1, 1, 8000, 16), Chunk("data", S16(1, 2), 0x7FFFE000)]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refuse(wav, "truncated", "has 4 bytes", "expected 2147475456");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Empty_file() => Refuse([], "is empty");

    [Theory]
    [InlineData(null)]
    [InlineData(0u)]
    public void Recording_without_samples(uint? riffSize) =>
        Refuse(Riff([Fmt(1, 1, 8000, 16), Chunk("data", [])], riffSize), "no samples");

    [Fact]
    public void Empty_data_before_other_chunks_is_not_taken_for_a_stream() =>
        Refuse(Riff([Fmt(1, 1, 8000, 16), Chunk("data", []), Chunk("LIST", new byte[100])]), "no samples");

    [Fact]
    public void Less_than_one_frame() => Refuse(Simple(1, 2, 8000, 16, S16(1)), "no samples");

    [Fact]
    public void Not_a_wav()
    {
        Refuse("<!DOCTYPE html><html>"u8.ToArray(), "not a wav", "\"<!DO\"", "RIFF");
        Refuse([.. "RIFF"u8, 4, 0, 0, 0, .. "AVI "u8, 1, 2], "not a wav", "\"AVI \"", "WAVE");
        Refuse([0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "not a wav", "89010203");
        Refuse([1, 2, 3], "not a wav", "3 bytes");
    }

    [Fact]
    public void Big_endian_wav() => Refuse(Riff([Fmt(1, 1, 8000, 16)], magic: "RIFX"), "RIFX", "expected RIFF");

    [Fact]
    public void Missing_chunks()
    {
        Refuse(Riff([Fmt(1, 1, 8000, 16), Chunk("LIST", [1, 2])]), "no data chunk");
        Refuse(Riff([Chunk("LIST", [1, 2])]), "no fmt chunk");
        Refuse(Riff([Chunk("data", S16(1, 2)), Fmt(1, 1, 8000, 16)]), "no fmt chunk before its data");
        Refuse(Riff([Chunk("LIST", [1, 2], 0xFFFFFFF0), Fmt(1, 1, 8000, 16), Chunk("data", S16(1))]), "no fmt chunk");
    }

    [Theory]
    [InlineData(0x0002, "Microsoft ADPCM (tag 0x0002)")]
    [InlineData(0x0011, "IMA ADPCM (tag 0x0011)")]
    [InlineData(0x0055, "MP3 (tag 0x0055)")]
    [InlineData(0x7777, "an unknown codec (tag 0x7777)")]
    public void Codec_is_named(int tag, string expected) => Refuse(Simple(tag, 1, 8000, 8, [1, 2]), expected, "expected PCM");

    [Fact]
    public void Codec_behind_extensible_is_named()
    {
        Refuse(WithFmt(FmtExtensible("02" + PcmId[2..], 1, 8000, 8, 8)), "Microsoft ADPCM (tag 0x0002)");
        Refuse(WithFmt(FmtExtensible(PcmId[..30] + "72", 1, 8000, 16, 16)), "00000001-0000-0010-8000-00aa00389b72");
        Refuse(WithFmt(Fmt(0xFFFE, 1, 8000, 16)), "16 bytes", "at least 40");
    }

    [Fact]
    public void Impossible_formats()
    {
        Refuse(WithFmt(Chunk("fmt ", new byte[14])), "fmt chunk", "14 bytes", "at least 16");
        Refuse(WithFmt(Fmt(1, 0, 8000, 16)), "0 channels", "1 to 8");
        Refuse(WithFmt(Fmt(1, 9, 8000, 16)), "9 channels", "1 to 8");
        Refuse(WithFmt(Fmt(1, 1, 0, 16)), "0 Hz");
        Refuse(WithFmt(Fmt(1, 1, -1, 16)), "4294967295 Hz");
        Refuse(WithFmt(Fmt(1, 1, 8000, 0)), "0 bits per PCM", "8, 16, 24 or 32");
        Refuse(WithFmt(Fmt(1, 1, 8000, 64)), "64 bits per PCM", "8, 16, 24 or 32");
        Refuse(WithFmt(Fmt(3, 1, 8000, 16)), "16 bits per float", "32 or 64");
        Refuse(WithFmt(Fmt(6, 1, 8000, 16)), "16 bits per A-law", "expected 8");
        Refuse(WithFmt(Fmt(7, 1, 8000, 4)), "4 bits per µ-law", "expected 8");
        Refuse(WithFmt(Fmt(1, 2, 8000, 16, blockAlign: 3)), "3 bytes", "expected 4");
        Refuse(WithFmt(Fmt(1, 1, 8000, 16, blockAlign: 0)), "0 bytes", "expected 2");
    }

    [Theory]
    [InlineData(float.NaN, "NaN at sample 1 of channel 1")]
    [InlineData(float.PositiveInfinity, "Inf at sample 1 of channel 1")]
    [InlineData(float.NegativeInfinity, "-Inf at sample 1 of channel 1")]
    public void Float_that_is_no_number_is_named_by_its_place(float value, string expected)
    {
        byte[] data = [.. new[] { 0f, 0f, 0f, value }.SelectMany(BitConverter.GetBytes)];
        Refuse(Simple(3, 2, 8000, 32, data), expected);
    }

    [Fact]
    public void Double_beyond_float_is_refused() =>
        Refuse(Simple(3, 1, 8000, 64, BitConverter.GetBytes(1e300)), "Inf at sample 0 of channel 0");

    private static byte[] WithFmt(byte[] fmt) => Riff([fmt, Chunk("data", new byte[16])]);

    private static void Refuse(byte[] wav, params string[] parts) =>
        Refusal.Expect(() => WavReader.Read(new MemoryStream(wav), "bad.wav"), ["'bad.wav'", .. parts]);
}
