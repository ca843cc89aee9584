using System.Buffers.Binary;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class WavWriterTests
{
    [Fact]
    public void Pcm_file_is_byte_for_byte_what_the_format_says()
    {
        byte[] expected = WavBytes.Simple(1, 1, 22050, 16, WavBytes.S16(0, 16384, -16384));
        Assert.Equal(expected, Written([0f, 0.5f, -0.5f]));
    }

    [Fact]
    public void Float_file_has_the_extension_size_and_the_fact_chunk()
    {
        byte[] fmt = [.. WavBytes.Fmt(3, 2, 48000, 32)[8..], 0, 0];
        byte[] data = [.. new[] { 0f, 1.5f, -3f, 0.1f }.SelectMany(BitConverter.GetBytes)];
        byte[] expected = WavBytes.Riff([WavBytes.Chunk("fmt ", fmt), WavBytes.Chunk("fact", WavBytes.U32(2)), WavBytes.Chunk("data", data)]);

        using var stream = new MemoryStream();
        using (var writer = new WavWriter(stream, 48000, WavFormat.Float32, channels: 2))
            writer.Write([0f, 1.5f, -3f, 0.1f]);
        Assert.Equal(expected, stream.ToArray());
    }

    [Theory]
    [InlineData(1f, 32767)]
    [InlineData(1.0001f, 32767)]
    [InlineData(1e20f, 32767)]
    [InlineData(-1f, -32768)]
    [InlineData(-1.0001f, -32768)]
    [InlineData(-1e20f, -32768)]
    [InlineData(0.6f / 32768, 1)]
    [InlineData(0.4f / 32768, 0)]
    [InlineData(-0.6f / 32768, -1)]
    [InlineData(-0.4f / 32768, 0)]
    [InlineData(100.7f / 32768, 101)]
    public void Samples_are_rounded_to_the_nearest_and_clipped(float sample, short expected) =>
        Assert.Equal(expected, BinaryPrimitives.ReadInt16LittleEndian(Written([sample]).AsSpan(44)));

    [Fact]
    public void Every_16_bit_value_survives_reading_and_writing()
    {
        byte[] wav = WavBytes.Simple(1, 1, 22050, 16, WavBytes.S16([.. Enumerable.Range(-32768, 65536).Select(i => (short)i)]));
        Audio audio = WavReader.Read(new MemoryStream(wav), "x.wav");
        Assert.Equal(wav, Written(audio.Channels[0]));
    }

    [Fact]
    public void Chunks_of_any_size_give_the_same_file()
    {
        float[] samples = [.. Enumerable.Range(0, 60_000).Select(i => MathF.Sin(i * 0.01f))];
        using var stream = new MemoryStream();
        using (var writer = new WavWriter(stream, 22050))
        {
            for (int start = 0, size = 1; start < samples.Length; start += size, size = size * 3 % 7001)
                writer.Write(samples.AsSpan(start, Math.Min(size, samples.Length - start)));
        }

        Assert.Equal(Written(samples), stream.ToArray());
    }

    [Theory]
    [InlineData(WavFormat.Pcm16)]
    [InlineData(WavFormat.Float32)]
    public void File_that_was_cut_off_still_plays(WavFormat format)
    {
        // 2.5 s: the header must say at least 2 s, and never more than there is.
        const int rate = 8000;
        using var stream = new MemoryStream();
        var writer = new WavWriter(stream, rate, format);
        for (int i = 0; i < 25; i++)
        {
            writer.Write(new float[rate / 10]);
            int length = WavReader.Read(new MemoryStream(stream.ToArray()), "cut.wav").Length;
            int written = (i + 1) * rate / 10;
            Assert.InRange(length, written < rate ? written : written / rate * rate, written);
        }
    }

    [Fact]
    public void Pipe_gets_a_header_of_unknown_length()
    {
        var bytes = new MemoryStream();
        using (var writer = new WavWriter(new ForwardOnlyStream(bytes), 8000))
            writer.Write([0.5f, -0.5f]);
        byte[] wav = bytes.ToArray();
        Assert.Equal(48, wav.Length);
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(wav.AsSpan(4)));
        Assert.Equal(uint.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(wav.AsSpan(40)));
        Assert.Equal([0.5f, -0.5f], WavReader.Read(new MemoryStream(wav), "x.wav").Channels[0]);
    }

    [Fact]
    public void Header_is_patched_where_the_writing_began()
    {
        using var stream = new MemoryStream();
        stream.Write([1, 2, 3]);
        using (var writer = new WavWriter(stream, 22050, leaveOpen: true))
            writer.Write([0.25f]);
        stream.WriteByte(99);
        Assert.Equal([1, 2, 3, .. Written([0.25f]), 99], stream.ToArray());
    }

    [Fact]
    public void Failing_stream_reports_its_first_error_only()
    {
        var writer = new WavWriter(new FailingStream(50), 8000);
        IOException e = Assert.Throws<IOException>(() => writer.Write(new float[100]));
        Assert.Equal("failure 1", e.Message);
        writer.Dispose();
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.NegativeInfinity, "-Inf")]
    public void Sample_that_is_no_number_is_refused(float value, string expected)
    {
        using var folder = new TempFolder();
        Refusal.Expect(() => WavFile.Write(folder["a.wav"], [0f, 0f, value], 8000), folder["a.wav"], $"sample 2 is {expected}");
        Assert.Empty(folder.Entries());

        using var writer = new WavWriter(new MemoryStream(), 8000);
        writer.Write(new float[10_000]);
        Refusal.Expect(() => writer.Write([0f, value]), $"sample 10001 is {expected}");
    }

    [Theory]
    [InlineData(WavFormat.Pcm16)]
    [InlineData(WavFormat.Float32)]
    public void File_is_written_whole(WavFormat format)
    {
        using var folder = new TempFolder();
        float[] samples = [.. Enumerable.Range(0, 50_000).Select(i => i % 201 / 256f - 0.25f)];
        WavFile.Write(folder["a.wav"], samples, 24000, format);
        Audio audio = AudioFile.Read(folder["a.wav"]);
        Assert.Equal(samples, audio.Channels[0]);
        Assert.Equal(24000, audio.SampleRate);
        Assert.Equal(["a.wav"], folder.Entries());
        Assert.Equal(format == WavFormat.Pcm16 ? 100_044 : 200_058, new FileInfo(folder["a.wav"]).Length);
    }

    [Fact]
    public void Unwritable_target_is_named()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder["missing"], "a.wav");
        Refusal.Expect(() => WavFile.Write(path, [0f], 8000), $"cannot write '{path}'");
    }

    private static byte[] Written(float[] samples)
    {
        using var stream = new MemoryStream();
        using (var writer = new WavWriter(stream, 22050))
            writer.Write(samples);
        return stream.ToArray();
    }

    private sealed class FailingStream(int room) : MemoryStream
    {
        private int _failures;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Length + buffer.Length > room)
                throw new IOException($"failure {++_failures}");
            base.Write(buffer.ToArray(), 0, buffer.Length);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
