using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>What is measured: voices and a mel for them.</summary>
internal static class BenchmarkVoices
{
    /// <summary>The voice that is asked for, else all that ship, else the default configuration with random weights.</summary>
    public static IReadOnlyList<(string Name, VocoderModel Model)> Load(string? nameOrPath)
    {
        string? folder = Shipped();
        if (nameOrPath != null) return [Voice(nameOrPath)];
        if (folder != null && VoiceLibrary.Names(folder) is { Count: > 0 } names) return [.. names.Select(Voice)];
        Console.WriteLine("No shipped voice was found: this is the default configuration with random weights.");
        return [("default configuration", new CompactVocoder(new CompactConfig(), MelRecipe.ByName("hifigan"), seed: 1))];

        (string, VocoderModel) Voice(string voice)
        {
            LoadedVoice loaded = Loaded(voice);
            return (loaded.Name, loaded.Model);
        }
    }

    /// <summary>Name of a WaveGlow of the published size, of random weights: time does not depend on them.</summary>
    public const string RandomWaveGlow = "waveglow-256";

    /// <summary>A voice by its name or file, with what suits it, or <see cref="RandomWaveGlow"/>.</summary>
    public static LoadedVoice Loaded(string nameOrPath) => nameOrPath == RandomWaveGlow
        ? new LoadedVoice(RandomWaveGlow, "random weights", new WaveGlow(WaveGlow.DefaultConfig, seed: 1), null) : VoiceLibrary.Load(nameOrPath, Shipped());

    /// <summary>
    /// A mel, [bands, frames], smooth in time and tilted like speech, so that linear prediction has something to invert; time does not depend on more.
    /// </summary>
    public static float[] Mel(MelRecipe recipe, int frames)
    {
        var mel = new float[recipe.Bands * frames];
        for (int b = 0; b < recipe.Bands; b++)
            for (int t = 0; t < frames; t++)
                mel[b * frames + t] = -3f - 0.05f * b + MathF.Sin(0.1f * t + 0.3f * b) + 0.5f * MathF.Sin(0.37f * t);
        return mel;
    }

    /// <summary>A condition of the size that a voice's flow expects, of zeros.</summary>
    public static FlowCondition Condition(CompactVocoder model, int steps) => new(new Tensor(1, model.Config.ConditionChannels, steps),
        model.Phase is { Signals: > 0 } phase ? new Tensor(1, phase.Signals, steps * model.Config.Group) : null);

    /// <summary><see cref="Mel"/> as [frames, bands], as a stream takes it.</summary>
    public static float[] Frames(MelRecipe recipe, int frames)
    {
        float[] mel = Mel(recipe, frames), result = new float[mel.Length];
        for (int i = 0; i < frames; i++)
            for (int b = 0; b < recipe.Bands; b++) result[i * recipe.Bands + b] = mel[b * frames + i];
        return result;
    }

    // data/voices of the repository that this program was built in.
    private static string? Shipped()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "data", "voices");
            if (Directory.Exists(path)) return path;
        }
        return null;
    }
}
