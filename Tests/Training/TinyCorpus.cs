using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training;

/// <summary>Four seconds of synthetic speech, and the smallest vocoder that can learn from it.</summary>
internal static class TinyCorpus
{
    /// <summary>Frames of the one held-out clip.</summary>
    public const int ValidFrames = 24;

    private static readonly Lazy<SpeechDataset> s_data = new(Load);

    public static MelRecipe Recipe { get; } = MelRecipe.ByName("hifigan");

    public static SpeechDataset Data => s_data.Value;

    public static TrainingConfig Config { get; } = new()
    {
        Model = new CompactConfig
        {
            Group = 64, Flows = 2, Layers = 1, Channels = 8, EarlyEvery = 1, EarlySize = 4, EncoderChannels = 8, ConditionChannels = 8,
            LinearPrediction = 8, Harmonics = [1, 2], PhasePositions = 2, PitchChannels = 8,
        },
        Steps = 10, Batch = 3, CropFrames = 8, Warmup = 3, LearningRate = 3e-3, LogEvery = 1, ValidateEvery = 1000, SaveEvery = 1000,
    };

    /// <summary>Writes the recordings: three to train on and one in a folder "valid".</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "valid"));
        for (int i = 0; i < 3; i++) WavFile.Write(Path.Combine(folder, $"{i}.wav"), Voiced.Speech(100 * 256, 110 + 30 * i, i), Voiced.SampleRate);
        WavFile.Write(Path.Combine(folder, "valid", "v.wav"), Voiced.Speech(ValidFrames * 256, 125, 9), Voiced.SampleRate);
    }

    public static CompactVocoder Model(TrainingConfig config, ulong seed = 1) => new(config.Model, Recipe, seed);

    public static CompactTask Task(TrainingConfig config, ulong seed = 1) => new(Model(config, seed), Data, config);

    private static SpeechDataset Load()
    {
        using var folder = new TempFolder();
        Write(folder.Root);
        return SpeechDataset.Load(folder.Root, Recipe, pitch: true);
    }
}
