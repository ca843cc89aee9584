using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class AudioFileTests
{
    // A flac stream put together by hand from the format's definition (RFC 9639): mono, 22050 Hz, 16 bits, one frame of
    // 16 samples in a CONSTANT subframe of value 4096.
    private static readonly byte[] ConstantFlac = MakeConstantFlac();

    [Fact]
    public void Content_decides_and_not_the_extension()
    {
        using var folder = new TempFolder();
        string path = folder.Add("really-a-wav.flac", WavBytes.Simple(1, 1, 8000, 16, WavBytes.S16(16384)));
        Audio audio = AudioFile.Read(path);
        Assert.Equal([0.5f], audio.Channels[0]);
        Assert.Equal(8000, audio.SampleRate);
    }

    [Fact]
    public void Pipe_is_read_as_a_wav()
    {
        byte[] wav = WavBytes.Simple(1, 1, 8000, 16, WavBytes.S16(16384));
        Assert.Equal([0.5f], AudioFile.Read(new ForwardOnlyStream(new MemoryStream(wav)), "pipe").Channels[0]);
    }

    // The tag of ID3 2.4, 10 bytes of header and what they say: 7 bits in each of four bytes.
    [Fact]
    public void A_tag_before_a_wav_or_a_flac_is_passed_over_and_flac_comes_through_pipes()
    {
        byte[] tag = [.. "ID3"u8, 4, 0, 0, 0, 0, 1, 2, .. new byte[130]];
        byte[] wav = WavBytes.Simple(1, 1, 8000, 16, WavBytes.S16(16384));
        Assert.Equal([0.5f], AudioFile.Read(new MemoryStream([.. tag, .. wav]), "x").Channels[0]);
        Assert.Equal([0.5f], AudioFile.Read(new MemoryStream([.. tag, .. tag, .. wav]), "x").Channels[0]);
        using var folder = new TempFolder();
        float[] flac = ReadFlacOrSkip(folder.Add("x.flac", [.. tag, .. ConstantFlac])).Channels[0];
        Assert.Equal(Enumerable.Repeat(0.125f, 16), flac);
        Assert.Equal(flac, AudioFile.Read(new ForwardOnlyStream(new MemoryStream(ConstantFlac), 7), "pipe").Channels[0]);
    }

    [Fact]
    public void Fixture_of_another_program_is_read()
    {
        Audio audio = AudioFile.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "chirp.wav"));
        Assert.Equal(22050, audio.SampleRate);
        Assert.Single(audio.Channels);
        Assert.Equal(44100, audio.Length);
        // The first samples as a hex dump shows them: f2fd 930a 800e.
        Assert.Equal([-526 / 32768f, 2707 / 32768f, 3712 / 32768f], audio.Channels[0][..3]);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("ID3", "as mp3")]
    [InlineData("ID3\u0004\0\0\u007F\u007F\u007F\u007F and more", "is truncated: its tag ends at byte 268435465, and the file at 19")]
    [InlineData("text", "no recording that can be read: it starts with \"text\"")]
    [InlineData("OggS and more", "as ogg vorbis")]
    [InlineData("FORM and more", "not an AIFF file")]
    public void Other_content_is_refused(string content, string expected)
    {
        using var folder = new TempFolder();
        string path = folder.Add("x.wav", System.Text.Encoding.ASCII.GetBytes(content));
        Refusal.Expect(() => AudioFile.Read(path), path, expected);
    }

    [Fact]
    public void Missing_files_and_folders_are_named()
    {
        using var folder = new TempFolder();
        Refusal.Expect(() => AudioFile.Read(folder["no.wav"]), $"cannot read '{folder["no.wav"]}'", "does not exist");
        string deeper = Path.Combine(folder["no"], "no.wav");
        Refusal.Expect(() => AudioFile.Read(deeper), $"cannot read '{deeper}'", "folder does not exist");
        Refusal.Expect(() => AudioFile.Read(folder.Root), $"cannot read '{folder.Root}'", "it is a folder");
        Refusal.Expect(() => AudioFile.Read(""), "cannot read ''", "not a valid path");
    }

    [Fact]
    public void Flac_without_its_program_says_what_to_install()
    {
        using var folder = new TempFolder();
        string path = folder.Add("x.flac", ConstantFlac);
        Refusal.Expect(() => Decode(path, "flac-that-nobody-has"), $"'{path}'", "flac-that-nobody-has", "apt install flac");
    }

    [Fact]
    public void Flac_output_is_read_as_wav()
    {
        using var folder = new TempFolder();
        // Stands in for the decoder: checks the options it is given and writes a wav of unknown length.
        string wav = folder.Add("decoded.wav", WavBytes.Riff([WavBytes.Fmt(1, 1, 8000, 16), WavBytes.Chunk("data", WavBytes.S16(16384, 8192), 0)], 0));
        string program = Script(folder, $"[ \"$1 $2 $3 $4 $#\" = '-d -c -s - 4' ] && [ \"$(head -c 4)\" = fLaC ] && cat '{wav}'");
        string path = folder.Add("-x.flac", ConstantFlac);
        Assert.Equal([0.5f, 0.25f], Decode(path, program).Channels[0]);
    }

    [Fact]
    public void Complaint_of_the_decoder_is_passed_on()
    {
        using var folder = new TempFolder();
        string program = Script(folder, "echo 'x.flac: *** Got error code 2:BAD_HEADER' >&2; exit 3");
        string path = folder.Add("x.flac", ConstantFlac);
        Refusal.Expect(() => Decode(path, program), $"cannot decode '{path}'", "exit code 3", "*** Got error code 2:BAD_HEADER");
    }

    [Fact]
    public void Flac_is_decoded()
    {
        using var folder = new TempFolder();
        string path = folder.Add("x.flac", ConstantFlac);
        Audio audio = ReadFlacOrSkip(path);
        Assert.Equal(22050, audio.SampleRate);
        Assert.Equal(Enumerable.Repeat(0.125f, 16), audio.Channels[0]);
    }

    [Fact]
    public void Damaged_flac_is_refused()
    {
        using var folder = new TempFolder();
        ReadFlacOrSkip(folder.Add("good.flac", ConstantFlac));
        // Cut within the frame, and with a frame whose checksum is wrong.
        byte[] flipped = [.. ConstantFlac];
        flipped[^3] ^= 1;
        foreach (byte[] bytes in (byte[][])[ConstantFlac[..^3], ConstantFlac[..20], flipped])
        {
            string path = folder.Add("x.flac", bytes);
            Refusal.Expect(() => AudioFile.Read(path), $"cannot decode '{path}'", "exit code");
        }
    }

    private static Audio Decode(string path, string program)
    {
        using FileStream stream = File.OpenRead(path);
        var audio = new AudioCollector(path);
        FlacDecoder.Read(stream, path, audio, program);
        return audio.ToAudio();
    }

    private static Audio ReadFlacOrSkip(string path)
    {
        try
        {
            return AudioFile.Read(path);
        }
        catch (VocoderException e) when (e.InnerException is System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs the flac program");
            throw;
        }
    }

    private static string Script(TempFolder folder, string commands)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a Unix shell");
        string path = folder.Add("decoder.sh", System.Text.Encoding.UTF8.GetBytes($"#!/bin/sh\n{commands}\n"));
#pragma warning disable CA1416 // Skipped on Windows above.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
        return path;
    }

    private static byte[] MakeConstantFlac()
    {
        // STREAMINFO: block size 16..16, frame sizes unknown, 20 bits rate, 3 bits channels-1, 5 bits bits-1, 36 bits samples, no MD5.
        ulong packed = (22050UL << 44) | (0UL << 41) | (15UL << 36) | 16UL;
        byte[] info = [0, 16, 0, 16, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(packed).Reverse(), .. new byte[16]];
        // Frame: sync, block size in 8 bits and rate from STREAMINFO, mono and 16 bits, frame number 0, block size - 1.
        byte[] header = [0xFF, 0xF8, 0x60, 0x08, 0, 15];
        byte[] frame = [.. header, (byte)Crc(header, 8, 0x07), 0x00, 0x10, 0x00];
        int crc16 = Crc(frame, 16, 0x8005);
        return [.. "fLaC"u8, 0x80, 0, 0, 34, .. info, .. frame, (byte)(crc16 >> 8), (byte)crc16];
    }

    private static int Crc(byte[] bytes, int width, int polynomial)
    {
        int crc = 0;
        foreach (byte b in bytes)
        {
            crc ^= b << (width - 8);
            for (int bit = 0; bit < 8; bit++)
                crc = ((crc << 1) ^ ((crc >> (width - 1) & 1) * polynomial)) & ((1 << width) - 1);
        }

        return crc;
    }
}
