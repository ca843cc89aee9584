using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

/// <summary>A small voice, a recording and its mel in a folder, for tests that type commands.</summary>
public sealed class CliFixture : IDisposable
{
    public const int Rate = 22050, Hop = 256;

    public CliFixture()
    {
        Model = new CompactVocoder(TinyConfig, MelRecipe.ByName("hifigan"), seed: 7);
        Audio = Speech(seconds: 0.5, fundamental: 130, seed: 1);
        Mel = new MelSpectrogram(Model.Recipe).Compute(Audio);
        Voice = WriteVoice("tiny.safetensors", []);
        Wav = Folder["speech.wav"];
        WavFile.Write(Wav, Audio, Rate, WavFormat.Float32);
        Npy = Folder["speech.npy"];
        MelFile.Write(Npy, Mel, Model.Recipe.Bands, Frames);
    }

    public static CompactConfig TinyConfig => new()
    {
        Group = 64, Flows = 2, Layers = 1, Channels = 8, EncoderChannels = 8, ConditionChannels = 8, PitchChannels = 8,
    };

    internal TempFolder Folder { get; } = new();

    public CompactVocoder Model { get; }

    public float[] Audio { get; }

    public float[] Mel { get; }

    public int Frames => Mel.Length / Model.Recipe.Bands;

    public string Voice { get; }

    public string Wav { get; }

    public string Npy { get; }

    /// <summary>Writes the voice under another name with more metadata.</summary>
    public string WriteVoice(string name, Dictionary<string, string> metadata)
    {
        VoiceFile file = VoiceFile.Of(Model, "tiny", "CC0 test", "made by a test", 42, metadata);
        AtomicFile.Write(Folder[name], stream => file.Write(stream));
        return Folder[name];
    }

    /// <summary>A buzz with vibrato and a little noise: voiced for every tracker, and no two samples alike.</summary>
    public static float[] Speech(double seconds, double fundamental, int seed)
    {
        var random = new Random(seed);
        var samples = new float[(int)(seconds * Rate)];
        double phase = 0;
        for (int t = 0; t < samples.Length; t++)
        {
            phase += 2 * Math.PI * fundamental * (1 + 0.02 * Math.Sin(2 * Math.PI * 5 * t / Rate)) / Rate;
            double sum = 0;
            for (int k = 1; k <= 20; k++) sum += Math.Sin(k * phase) / k;
            samples[t] = (float)(0.15 * sum + 0.01 * (random.NextDouble() - 0.5));
        }
        return samples;
    }

    /// <summary>Types a command.</summary>
    public static CliResult Run(params string[] args) => Run(default, args);

    /// <summary>Types a command that may be interrupted.</summary>
    public static CliResult Run(CancellationToken cancellation, params string[] args)
    {
        using StringWriter output = new(), error = new();
        int code = VocoderCommand.Run(args, output, error, interactive: false, cancellation);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    public void Dispose() => Folder.Dispose();
}

/// <summary>What a command left behind.</summary>
public sealed record CliResult(int Code, string Output, string Error)
{
    /// <summary>It must have succeeded without a word of complaint.</summary>
    public CliResult Succeeds()
    {
        Assert.Equal("", Error);
        Assert.Equal(0, Code);
        return this;
    }

    /// <summary>It must have failed with this code and one line on standard error that holds each of the parts.</summary>
    public CliResult Fails(int code, params string[] parts)
    {
        Assert.Equal(code, Code);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("vocoder: ", line, StringComparison.Ordinal);
        foreach (string part in parts) Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return this;
    }
}
