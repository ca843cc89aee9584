using System.Buffers.Binary;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>Files that other programs made of samples 11025 to 16537 of the chirp: sox (AIFF, float AIFC, the laws in wav) and ffmpeg (the rest).</summary>
public class RecordingFormatTests
{
    private static readonly float[] s_chirp = AudioFile.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "chirp.wav")).Channels[0][11025..16538];

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", name);

    [Theory]
    [InlineData("s16.aiff", 0), InlineData("s24.aiff", 0), InlineData("sowt.aifc", 0), InlineData("f32.aifc", 0)]
    // Half a step of 8 bits, and half of the coarsest step of G.711, which is a sixteenth of the segment.
    [InlineData("s8.aiff", 1 / 256.0), InlineData("alaw.wav", 1 / 64.0), InlineData("alaw.aifc", 1 / 64.0), InlineData("mulaw.wav", 1 / 64.0)]
    public void Samples_come_back(string name, double tolerance)
    {
        Audio audio = AudioFile.Read(PathOf(name));
        Assert.Equal(22050, audio.SampleRate);
        Assert.Equal(name == "f32.aifc" ? 2 : 1, audio.Channels.Length);
        foreach (float[] channel in audio.Channels)
        {
            Assert.Equal(s_chirp.Length, channel.Length);
            for (int t = 0; t < channel.Length; t++) Assert.Equal(s_chirp[t], channel[t], tolerance + 1e-9);
        }
    }

    // The delay of the encoder, 576 samples, and of every decoder of layer III, 529.
    [Theory, InlineData("chirp.mp3", 1105), InlineData("chirp.ogg", 0)]
    public void What_the_ear_needs_comes_back_where_it_was(string name, int delay)
    {
        Audio audio = AudioFile.Read(PathOf(name));
        Assert.Equal(22050, audio.SampleRate);
        float[] decoded = Assert.Single(audio.Channels);
        double At(int lag)
        {
            double product = 0, own = 0, wanted = 0;
            for (int t = 0; t < s_chirp.Length; t++)
            {
                float sample = t + lag >= 0 && t + lag < decoded.Length ? decoded[t + lag] : 0;
                (product, own, wanted) = (product + sample * s_chirp[t], own + sample * sample, wanted + s_chirp[t] * s_chirp[t]);
            }
            return product / Math.Sqrt(own * wanted);
        }
        Assert.True(At(delay) > 0.99, $"correlation {At(delay)}");
        Assert.True(At(delay) > At(delay - 1) && At(delay) > At(delay + 1));
    }

    // Table values of ITU-T G.711, on the scale of 16 bits.
    [Theory]
    [InlineData(6, 0xD5, 8), InlineData(6, 0x55, -8), InlineData(6, 0xAA, 32256), InlineData(6, 0x2A, -32256)]
    [InlineData(7, 0xFF, 0), InlineData(7, 0x80, 32124), InlineData(7, 0x00, -32124)]
    public void Laws_are_those_of_G711(int tag, byte code, int expected)
    {
        byte[] wav = WavBytes.Simple(tag, 1, 8000, 8, [code, code]);
        Assert.Equal(expected, WavReader.Read(new MemoryStream(wav), "x").Channels[0][0] * 32768);
    }

    [Theory, InlineData("s16.aiff"), InlineData("chirp.mp3"), InlineData("chirp.ogg"), InlineData("chirp.opus")]
    public void Pipes_give_the_same(string name)
    {
        using FileStream file = File.OpenRead(PathOf(name));
        Assert.Equal(AudioFile.Read(PathOf(name)).Channels[0], AudioFile.Read(new ForwardOnlyStream(file), "pipe").Channels[0]);
    }

    [Fact]
    public void Endings_and_programs_do_not_matter_but_content_does()
    {
        using var folder = new TempFolder();
        string path = folder.Add("x.wav", File.ReadAllBytes(PathOf("chirp.ogg")));
        Assert.Equal(s_chirp.Length, AudioFile.Read(path).Length);
    }

    [Fact]
    public void Aiff_headers_that_lie_are_refused()
    {
        byte[] whole = File.ReadAllBytes(PathOf("s16.aiff"));
        int comm = whole.AsSpan().IndexOf("COMM"u8) + 8, ssnd = whole.AsSpan().IndexOf("SSND"u8) + 8;
        void Refuse(Action<byte[]> change, params string[] parts)
        {
            byte[] changed = [.. whole];
            change(changed);
            Refusal.Expect(() => AudioFile.Read(new MemoryStream(changed), "a.aiff"), ["'a.aiff'", .. parts]);
        }
        Refuse(b => b[comm + 1] = 0, "0 channels, expected 1 to 8");
        Refuse(b => b[comm] = 0x80, "-32767 channels, expected 1 to 8");
        Refuse(b => b[comm + 2] = 0x7F, "truncated", "expected ");
        Refuse(b => b[comm + 7] = 48, "48 bits per PCM sample");
        Refuse(b => b.AsSpan(comm + 8, 2).Fill(0xFF), "sample rate");
        Refuse(b => b.AsSpan(comm + 8, 10).Clear(), "sample rate of 0 Hz");
        Refuse(b => b.AsSpan(ssnd, 4).Fill(0xFF), "begin behind its end");
        Refuse(b => b[comm - 8] = (byte)'X', "no COMM chunk before its data");
        Refuse(b => b[ssnd - 8] = (byte)'X', "no SSND chunk");
        Refuse(b => b.AsSpan(comm + 2, 4).Clear(), "holds no samples");
        Refuse(b => b[11] = (byte)'X', "\"AIFX\"");
        byte[] aifc = File.ReadAllBytes(PathOf("sowt.aifc"));
        aifc[aifc.AsSpan().IndexOf("COMM"u8) + 8 + 18] = (byte)'X';
        Refusal.Expect(() => AudioFile.Read(new MemoryStream(aifc), "a"), "is coded as \"Xowt\", expected PCM");
        Refusal.Expect(() => AudioFile.Read(new MemoryStream(whole[..(ssnd + 100)]), "a"), "truncated", "expected 11026");
    }

    // Bytes changed, cut out, doubled and cut off: it is read, or refused in one line; nothing else.
    [Theory]
    [InlineData("s16.aiff"), InlineData("f32.aifc"), InlineData("alaw.wav"), InlineData("chirp.mp3"), InlineData("chirp.ogg"), InlineData("chirp.opus"),
     InlineData("six.opus")]
    public void Mutants_are_read_or_refused(string name)
    {
        byte[] whole = File.ReadAllBytes(PathOf(name));
        var random = new Random(12);
        int read = 0, refused = 0;
        for (int mutant = 0; mutant < 150; mutant++)
        {
            byte[] bytes = Mutate(whole, random);
            // A decoder drops pages with a wrong checksum; hostile ones have the right one.
            if (name.EndsWith(".ogg", StringComparison.Ordinal) || name.EndsWith(".opus", StringComparison.Ordinal)) SetOggChecksums(bytes);
            try
            {
                Audio audio = AudioFile.Read(new MemoryStream(bytes), "m");
                Assert.All(audio.Channels, channel => Assert.DoesNotContain(channel, sample => !float.IsFinite(sample)));
                read++;
            }
            catch (VocoderException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }
        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    // An end within the reach of the last packet is kept to; one beyond all numbers or before the beginning is a lie.
    [Theory, InlineData(2566919561, 5513), InlineData(100, 100), InlineData(-1, 5513), InlineData(5500, 5500)]
    public void The_end_of_an_ogg_is_believed_as_far_as_it_can_be(long end, int expected)
    {
        byte[] ogg = File.ReadAllBytes(PathOf("chirp.ogg"));
        int last = ogg.AsSpan().LastIndexOf("OggS"u8);
        BinaryPrimitives.WriteInt64LittleEndian(ogg.AsSpan(last + 6), end);
        SetOggChecksums(ogg);
        Assert.InRange(AudioFile.Read(new MemoryStream(ogg), "x").Length, expected, expected == 5513 ? 5513 + 2048 : expected);
    }

    // RFC 3533: CRC-32 of the page, polynomial 0x04C11DB7, neither reflected nor inverted, its own field taken as 0.
    internal static void SetOggChecksums(byte[] bytes)
    {
        for (int at = bytes.AsSpan().IndexOf("OggS"u8); at >= 0 && at + 27 <= bytes.Length;)
        {
            int segments = bytes[at + 26], size = 27 + segments;
            for (int i = 0; i < segments && at + 27 + i < bytes.Length; i++) size += bytes[at + 27 + i];
            Span<byte> page = bytes.AsSpan(at, Math.Min(size, bytes.Length - at));
            page.Slice(22, 4).Clear();
            uint crc = 0;
            foreach (byte b in page)
            {
                crc ^= (uint)b << 24;
                for (int bit = 0; bit < 8; bit++) crc = (crc & 0x80000000) != 0 ? (crc << 1) ^ 0x04C11DB7 : crc << 1;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(page[22..], crc);
            int next = bytes.AsSpan(at + page.Length).IndexOf("OggS"u8);
            at = next < 0 ? -1 : at + page.Length + next;
        }
    }

    internal static byte[] Mutate(byte[] whole, Random random)
    {
        var bytes = new List<byte>(whole);
        // Half of them near the beginning, where the headers are.
        int Place() => random.Next(random.Next(2) == 0 ? Math.Min(200, bytes.Count) : bytes.Count);
        for (int changes = random.Next(1, 6); changes > 0 && bytes.Count > 8; changes--)
        {
            int at = Place(), count = Math.Min(random.Next(1, 64), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes.RemoveRange(at, count); break;
                case 1: bytes.InsertRange(at, bytes.GetRange(at, count)); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes[at] = (byte)random.Next(256); break;
            }
        }
        return [.. bytes];
    }
}
