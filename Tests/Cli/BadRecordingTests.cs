using System.Text;
using FlowVocoder.AudioIO;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class BadRecordingTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private const int Samples = 2048;

    private static byte[] Wav16 => WavBytes.Simple(1, 1, 22050, 16, new byte[2 * Samples]);

    public static TheoryData<string, byte[], string> Refused => new()
    {
        { "nothing", [], "empty" },
        { "text", Encoding.ASCII.GetBytes("hello there, this is no sound"), "no recording that can be read" },
        { "cut in the header", Wav16[..30], "" },
        { "no samples", WavBytes.Simple(1, 1, 22050, 16, []), "" },
        { "nine channels", WavBytes.Simple(1, 9, 22050, 16, new byte[18 * Samples]), "9 channels" },
        { "mp3", WavBytes.Simple(0x55, 1, 22050, 16, new byte[2 * Samples]), "MP3" },
        { "12 samples", WavBytes.Simple(1, 1, 22050, 16, new byte[24]), "12 samples" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Is_refused_with_its_name_and_reason_and_leaves_nothing(string name, byte[] bytes, string reason)
    {
        using var folder = new TempFolder();
        string wav = folder.Add(name + ".wav", bytes);
        CliFixture.Run("mel", wav, folder["out.npy"], "--recipe", "hifigan").Fails(1, wav, reason);
        CliFixture.Run("score", wav, "--voice", fixture.Voice).Fails(1, wav, reason);
        Assert.Equal([name + ".wav"], folder.Entries());
    }

    public static TheoryData<string, byte[]> Read => new()
    {
        { "8 bit", WavBytes.Simple(1, 1, 22050, 8, [.. Enumerable.Repeat((byte)128, Samples)]) },
        { "16 bit", Wav16 },
        { "24 bit", WavBytes.Simple(1, 1, 22050, 24, new byte[3 * Samples]) },
        { "32 bit", WavBytes.Simple(1, 1, 22050, 32, new byte[4 * Samples]) },
        { "float", WavBytes.Simple(3, 1, 22050, 32, new byte[4 * Samples]) },
        { "8 channels", WavBytes.Simple(1, 8, 22050, 16, new byte[16 * Samples]) },
        { "extensible", WavBytes.Riff([WavBytes.FmtExtensible(WavBytes.PcmId, 1, 22050, 16, 16), WavBytes.Chunk("data", new byte[2 * Samples])]) },
        { "odd chunk", WavBytes.Riff([WavBytes.Chunk("LIST", [1, 2, 3]), WavBytes.Fmt(1, 1, 22050, 16), WavBytes.Chunk("data", new byte[2 * Samples])]) },
    };

    [Theory]
    [MemberData(nameof(Read))]
    public void Every_common_kind_of_wav_becomes_a_mel(string name, byte[] bytes)
    {
        using var folder = new TempFolder();
        CliResult result = CliFixture.Run("mel", folder.Add(name + ".wav", bytes), folder["out.npy"], "--recipe", "hifigan");
        Assert.Equal(0, result.Code);
        MelArray mel = MelFile.Read(folder["out.npy"], 80);
        Assert.Equal(Samples / 256, mel.Frames);
        // Silence, whatever its coding: every value is at the floor of ln 1e-5, raised by the epsilon under the root.
        Assert.All(mel.Data, v => Assert.InRange(v, -11.52f, -8f));
    }
}
