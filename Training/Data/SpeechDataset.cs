using FlowVocoder.AudioIO;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Data;

/// <summary>The recordings of a folder, analysed and divided into a training and a validation part.</summary>
public sealed class SpeechDataset
{
    private SpeechDataset(IReadOnlyList<SpeechClip> train, IReadOnlyList<SpeechClip> valid) => (Train, Valid) = (train, valid);

    /// <summary>Clips to train on, in order of their names.</summary>
    public IReadOnlyList<SpeechClip> Train { get; }

    /// <summary>Clips held out.</summary>
    public IReadOnlyList<SpeechClip> Valid { get; }

    /// <summary>
    /// Reads all recordings (<see cref="AudioFile.Extensions"/>) below a folder, at any rate and channel count. What lies in folders named "valid" is held out;
    /// where there is none, every 20th file is, or the last one of fewer. A single file serves both.
    /// </summary>
    /// <exception cref="VocoderException">The folder is not there or holds no usable recording.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static SpeechDataset Load(
        string folder, MelRecipe recipe, bool pitch, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        string[] files = Files(folder);
        bool[] named = [.. files.Select(f => IsHeldOut(folder, f))];
        bool divided = named.Contains(true) && named.Contains(false);
        var clips = new SpeechClip[files.Length];
        int done = 0;
        try
        {
            Parallel.For(0, files.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
            {
                float[] audio = Read(files[i], recipe.SampleRate);
                if (audio.Length < recipe.HopSize)
                    throw new VocoderException($"{files[i]}: {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one hop of {recipe.HopSize}");
                clips[i] = new SpeechClip(Path.GetRelativePath(folder, files[i]), audio, recipe, pitch);
                progress?.Invoke(Interlocked.Increment(ref done), files.Length);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<VocoderException>().FirstOrDefault() is { } first)
        {
            throw new VocoderException(first.Message, first);
        }
        var train = new List<SpeechClip>();
        var valid = new List<SpeechClip>();
        for (int i = 0; i < clips.Length; i++)
        {
            bool held = divided ? named[i] : i % 20 == 19;
            (held ? valid : train).Add(clips[i]);
        }
        if (valid.Count == 0)
        {
            valid.Add(train[^1]);
            if (train.Count > 1) train.RemoveAt(train.Count - 1);
        }
        return new SpeechDataset(train, valid);
    }

    /// <summary>Whether a recording lies in a folder named "valid" below <paramref name="folder"/>.</summary>
    public static bool IsHeldOut(string folder, string file) =>
        Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).SkipLast(1).Contains("valid");

    /// <summary>The recordings below a folder, in ordinal order.</summary>
    /// <exception cref="VocoderException">The folder is not there or holds none.</exception>
    public static string[] Files(string folder)
    {
        if (!Directory.Exists(folder)) throw new VocoderException($"{folder}: no such folder, expected one with recordings");
        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => AudioFile.Extensions.Contains(Path.GetExtension(f).ToLowerInvariant())).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new VocoderException($"{folder}: found no recording below it, expected files that end in {string.Join(", ", AudioFile.Extensions)}");
    }

    /// <summary>Reads a recording, mixes it to mono and resamples it.</summary>
    public static float[] Read(string path, int sampleRate)
    {
        Audio audio = AudioFile.Read(path);
        return Resampler.Resample(audio.ToMono(), audio.SampleRate, sampleRate);
    }
}
