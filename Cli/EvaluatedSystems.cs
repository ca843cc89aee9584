using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>A recording to be spoken again.</summary>
/// <param name="File">Its path.</param>
/// <param name="Speaker">The first folder below the data, or "all".</param>
/// <param name="Name">File name without extension.</param>
internal sealed record EvaluationClip(string File, string Speaker, string Name)
{
    public static IReadOnlyList<EvaluationClip> Find(string data, int limit)
    {
        string[] files = SpeechDataset.Files(data), held = [.. files.Where(f => SpeechDataset.IsHeldOut(data, f))];
        var clips = (held.Length > 0 ? held : files).Select(f => new EvaluationClip(f, SpeakerOf(data, f), Path.GetFileNameWithoutExtension(f)));
        return [.. clips.GroupBy(c => c.Speaker).SelectMany(g => limit == 0 ? g : g.Take(limit))];
    }

    private static string SpeakerOf(string data, string file)
    {
        string[] parts = Path.GetRelativePath(data, file).Split(Path.DirectorySeparatorChar);
        return parts.Length > 1 ? parts[0] : "all clips";
    }
}

/// <summary>Something that speaks mels and is to be measured.</summary>
internal interface IEvaluatedSystem
{
    string Name { get; }

    float[] Speak(EvaluationClip clip, float[] mel);
}

internal sealed class VoiceSystem(LoadedVoice voice, SynthesisOptions options, Parallelism parallelism) : IEvaluatedSystem
{
    public string Name => voice.Name;

    public VocoderModel Model => voice.Model;

    public float Sigma => options.Sigma;

    /// <summary>Passes of matching.</summary>
    public int Match => options.ForWholeMel(voice.Model).Match!.Value;

    public float[] Speak(EvaluationClip clip, float[] mel) => Synthesizer.Synthesize(voice.Model, mel, options, parallelism);
}

/// <summary>The recording itself, for what its own figures are.</summary>
internal sealed class RecordingBaseline(int sampleRate) : IEvaluatedSystem
{
    public const string Label = "recording";

    public string Name => Label;

    public float[] Speak(EvaluationClip clip, float[] mel) => Recording.Read(clip.File, sampleRate).Samples;
}

internal sealed class NoiseBaseline(MelRecipe recipe) : IEvaluatedSystem
{
    public const string Label = "noise-lp";

    public string Name => Label;

    public float[] Speak(EvaluationClip clip, float[] mel) => NoiseThroughPrediction.Synthesize(recipe, mel);
}

internal sealed class GriffinLimBaseline(MelRecipe recipe) : IEvaluatedSystem
{
    public const string Label = "griffin-lim";

    private readonly GriffinLim _algorithm = new(recipe);

    public string Name => Label;

    public float[] Speak(EvaluationClip clip, float[] mel) => _algorithm.Synthesize(mel);
}

/// <summary>What another program made.</summary>
internal sealed class GeneratedFolder(string folder, int sampleRate) : IEvaluatedSystem
{
    public string Name { get; } = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));

    public float[] Speak(EvaluationClip clip, float[] mel)
    {
        string[] names = [Path.Combine(clip.Speaker, clip.Name + ".wav"), $"{clip.Speaker}_{clip.Name}.wav", clip.Name + ".wav"];
        string? file = names.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);
        return file != null ? Recording.Read(file, sampleRate).Samples
            : throw new VocoderException($"'{folder}' holds nothing for '{clip.File}', expected one of {string.Join(", ", names)}");
    }
}
