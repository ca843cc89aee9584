using System.Diagnostics;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>A wav whose writer was killed plays up to where it got.</summary>
public class WavTruncationTests
{
    private const int Rate = 8000;

    // What a process that is killed leaves is what it had written up to some write: that after each of them is kept.
    [Theory]
    [InlineData(WavFormat.Pcm16), InlineData(WavFormat.Float32)]
    public void After_every_single_write_the_file_is_valid(WavFormat format)
    {
        float[] samples = Noise.Of(4 * Rate, 5);
        using var stream = new SnapshotStream();
        using (var writer = new WavWriter(stream, Rate, format, leaveOpen: true))
            for (int start = 0; start < samples.Length; start += 1000) writer.Write(samples.AsSpan(start, 1000));

        Assert.True(stream.Snapshots.Count > 32);
        foreach (byte[] wav in stream.Snapshots.Where(s => s.Length >= 60))
        {
            float[] read = WavReader.Read(new MemoryStream(wav), "cut.wav").Channels[0];
            int written = (wav.Length - (format == WavFormat.Pcm16 ? 44 : 58)) / (format == WavFormat.Pcm16 ? 2 : 4);
            // The header is renewed every second.
            Assert.InRange(read.Length, Math.Max(1, written - Rate), written);
            Assert.Equal(Noise.In16Bits(samples.AsSpan(0, read.Length)), Noise.In16Bits(read));
        }
    }

    // A pipe's wav says that its length is unknown: cut at any byte, it has the whole samples before.
    [Fact]
    public void A_streamed_wav_may_be_cut_at_any_byte()
    {
        byte[] wav = Streamed(Noise.Of(50, 6));
        for (int length = 46; length <= wav.Length; length++)
            Assert.Equal((length - 44) / 2, WavReader.Read(new MemoryStream(wav[..length]), "cut.wav").Length);
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void SoX_reads_what_was_cut(bool piped)
    {
        using var folder = new TempFolder();
        float[] samples = Noise.Of(3 * Rate, 7);
        byte[] wav = piped ? Streamed(samples) : KilledAfter(samples);
        int bytes = piped ? 30_000 : wav.Length;
        string file = folder.Add("cut.wav", wav[..bytes]);
        byte[] raw = Sox(file);
        // A header that is brought up to date counts 2 of the 3 s, a streamed one leaves it to the reader.
        Assert.Equal(piped ? bytes - 44 : 2 * 2 * Rate, raw.Length);
        Assert.Equal(Noise.In16Bits(samples.AsSpan(0, raw.Length / 2)), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(raw).ToArray());
    }

    [Fact]
    public void A_flush_counts_every_sample()
    {
        using var stream = new SnapshotStream();
        using var writer = new WavWriter(stream, Rate);
        writer.Write(Noise.Of(123, 8));
        writer.Flush();
        Assert.Equal(123, WavReader.Read(new MemoryStream(stream.ToArray()), "x.wav").Length);
        writer.Write(Noise.Of(77, 9));
        writer.Flush();
        Assert.Equal(200, WavReader.Read(new MemoryStream(stream.ToArray()), "x.wav").Length);
    }

    private static byte[] Streamed(float[] samples)
    {
        var bytes = new MemoryStream();
        using (var writer = new WavWriter(new ForwardOnlyStream(bytes), Rate)) writer.Write(samples);
        return bytes.ToArray();
    }

    // Not disposed, as by a kill. Blocks that end on seconds, so that the header's count is known.
    private static byte[] KilledAfter(float[] samples)
    {
        var stream = new MemoryStream();
        var writer = new WavWriter(stream, Rate);
        for (int start = 0; start < samples.Length - Rate / 2; start += Rate / 4) writer.Write(samples.AsSpan(start, Rate / 4));
        return stream.ToArray();
    }

    private static byte[] Sox(string file)
    {
        var start = new ProcessStartInfo("sox", [file, "-t", "raw", "-e", "signed", "-b", "16", "-"]) { RedirectStandardOutput = true,
            RedirectStandardError = true };
        Process? sox = null;
        try
        {
            sox = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("the program sox is not installed");
        }
        using (sox)
        {
            var raw = new MemoryStream();
            Task<string> complaint = sox.StandardError.ReadToEndAsync();
            sox.StandardOutput.BaseStream.CopyTo(raw);
            sox.WaitForExit();
            Assert.True(sox.ExitCode == 0, complaint.Result);
            return raw.ToArray();
        }
    }

    private sealed class SnapshotStream : MemoryStream
    {
        public List<byte[]> Snapshots { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            // MemoryStream sends this back to the other one for derived classes.
            base.Write(buffer.ToArray(), 0, buffer.Length);
            Snapshots.Add(ToArray());
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
