using System.Buffers.Binary;
using System.Text;
using FlowVocoder.AudioIO;
using static FlowVocoder.Tests.AudioIO.WavBytes;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>
/// Headers as programs leave them that could not know or did not care. FFmpeg 5.1 takes the 1000 samples of all of these but those without padding and with an
/// empty ds64, and takes the chunks behind samples of unknown number for samples too; SoX 14.4.2 finds none where the size is 0.
/// </summary>
public class StreamedHeaderTests
{
    private static readonly short[] s_values = [.. Enumerable.Range(0, 1000).Select(i => (short)(i * 37 % 2000 - 1000))];
    private static readonly float[] s_samples = [.. s_values.Select(s => s / 32768f)];
    private static readonly byte[] s_format = Fmt(1, 1, 8000, 16), s_data = S16(s_values);
    private static readonly byte[] s_title = Chunk("LIST", Encoding.ASCII.GetBytes("INFOISFT\u0006\0\0\0hello\0"));

    public static TheoryData<uint, uint?, bool> Sizes()
    {
        var sizes = new TheoryData<uint, uint?, bool>();
        foreach (uint data in new uint[] { 0, uint.MaxValue, 0x7FFFF000 })
            foreach (uint? riff in new uint?[] { null, 0, uint.MaxValue })
                foreach (bool isFollowed in new[] { false, true }) sizes.Add(data, riff, isFollowed);
        return sizes;
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Samples_of_unknown_number_end_where_other_chunks_begin(uint dataSize, uint? riffSize, bool isFollowed)
    {
        byte[][] tail = isFollowed ? [s_title, Chunk("id3 ", [1, 2, 3])] : [];
        byte[] wav = Riff([s_format, Chunk("data", s_data, dataSize), .. tail], riffSize);
        Assert.Equal(s_samples, Read(wav));
        // The last chunk without its padding.
        if (isFollowed) Assert.Equal(s_samples, Read(wav[..^1]));
    }

    [Fact]
    public void Samples_that_look_like_a_chunk_are_samples()
    {
        byte[] data = [.. s_data[..1000], .. Chunk("LIST", new byte[6], 7777), .. s_data[1000..]];
        Assert.Equal(data.Length / 2, Read(Riff([s_format, Chunk("data", data, 0), s_title], 0)).Length);
    }

    [Fact]
    public void A_recording_without_samples_is_refused() =>
        Refusal.Expect(() => Read(Riff([s_format, Chunk("data", []), s_title])), "holds no samples");

    [Fact]
    public void An_odd_chunk_may_lack_its_padding()
    {
        byte[] odd = Chunk("LIST", Encoding.ASCII.GetBytes("INFOISFT\u0005\0\0\0hello"));
        Assert.Equal(s_samples, Read(Riff([s_format, odd, Chunk("data", s_data)])));
        Assert.Equal(s_samples, Read(Riff([s_format, odd[..^1], Chunk("data", s_data)])));
        Assert.Equal(s_samples, Read(Riff([odd[..^1], s_format, odd[..^1], odd[..^1], Chunk("data", s_data)])));
    }

    [Theory, InlineData("RF64", 2000u), InlineData("BW64", 2000u), InlineData("RF64", 0u), InlineData("BW64", 0u)]
    public void Long_files_of_either_name_are_read(string magic, uint size)
    {
        byte[] ds64 = Chunk("ds64", [.. U32(0), .. U32(0), .. U32(size), .. U32(0), .. U32(0), .. U32(0), .. U32(0)]);
        Assert.Equal(s_samples, Read(Riff([ds64, s_format, Chunk("data", s_data, uint.MaxValue), s_title], uint.MaxValue, magic)));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(999), InlineData(768_001)]
    public void Rates_that_nobody_records_at_are_refused(int rate) =>
        Refusal.Expect(() => Read(Simple(1, 1, rate, 16, s_data)), $"a sample rate of {rate} Hz, expected 1000 to 768000");

    // SoX counts up to 0x7F000000 into a pipe; FFmpeg writes zeros.
    [Theory, InlineData(0x7F000050u, 0x3F800000u, 0x7F000008u), InlineData(0u, 0u, 0u)]
    public void A_streamed_aiff_is_read_to_its_end(uint form, uint frames, uint ssnd)
    {
        byte[] aiff = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", "s16.aiff"));
        float[] whole = AudioFile.Read(new MemoryStream(aiff), "x").Channels[0];
        BinaryPrimitives.WriteUInt32BigEndian(aiff.AsSpan(4), form);
        BinaryPrimitives.WriteUInt32BigEndian(aiff.AsSpan(aiff.AsSpan().IndexOf("COMM"u8) + 10), frames);
        BinaryPrimitives.WriteUInt32BigEndian(aiff.AsSpan(aiff.AsSpan().IndexOf("SSND"u8) + 4), ssnd);
        Assert.Equal(whole, AudioFile.Read(new MemoryStream(aiff), "x").Channels[0]);
        byte[] named = [.. aiff, .. "NAME"u8, 0, 0, 0, 3, .. "abc"u8, 0];
        Assert.Equal(whole, AudioFile.Read(new MemoryStream(named), "x").Channels[0]);
    }

    private static float[] Read(byte[] wav) => AudioFile.Read(new MemoryStream(wav), "x.wav").Channels[0];
}
