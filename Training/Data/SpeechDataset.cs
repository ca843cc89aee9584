using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Data;

/// <summary>The recordings of a folder, analysed and divided into a training and a validation part.</summary>
public sealed class SpeechDataset
{
    private SpeechDataset(IReadOnlyList<SpeechClip> train, IReadOnlyList<SpeechClip> valid, IReadOnlyList<string> warnings) =>
        (Train, Valid, Warnings) = (train, valid, warnings);

    /// <summary>Clips to train on, in order of their names.</summary>
    public IReadOnlyList<SpeechClip> Train { get; }

    /// <summary>Clips held out.</summary>
    public IReadOnlyList<SpeechClip> Valid { get; }

    /// <summary>What is likely to be a mistake in a recording, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Reads all recordings (<see cref="AudioFile.Extensions"/>) below a folder, at any rate and channel count. What lies in folders named "valid" is held out;
    /// where there is none, every 20th is of those that can be cropped, or the last of fewer. A single file serves both.
    /// </summary>
    /// <param name="folder">Where the recordings are.</param>
    /// <param name="recipe">Recipe of their mels.</param>
    /// <param name="pitch">Whether pitch and phase are wanted.</param>
    /// <param name="cropFrames">Frames of a crop: what is shorter, or silent throughout, cannot be held out.</param>
    /// <param name="progress">Told how many of how many have been read.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <param name="parallelism">Threads; one per processor by default.</param>
    /// <param name="isWanted">Tells of a path whether it is to be read; null for all.</param>
    /// <exception cref="VocoderException">The folder is not there or holds no usable recording.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static SpeechDataset Load(
        string folder, MelRecipe recipe, bool pitch, int cropFrames = 1, Action<int, int>? progress = null, CancellationToken cancellation = default,
        Parallelism? parallelism = null, Func<string, bool>? isWanted = null)
    {
        string[] files = Files(folder);
        if (isWanted != null) files = [.. files.Where(isWanted)];
        bool[] named = [.. files.Select(f => IsHeldOut(folder, f))];
        bool divided = named.Contains(true) && named.Contains(false);
        var clips = new SpeechClip[files.Length];
        var warnings = new string?[files.Length];
        int done = 0;
        // Each recording is one thread's.
        var one = new Parallelism(1);
        int threads = (parallelism ?? new Parallelism()).Threads;
        try
        {
            Parallel.For(0, files.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = threads }, i =>
            {
                Recording recording = Recording.Read(files[i], recipe.SampleRate);
                float[] audio = recording.Samples;
                if (audio.Length < recipe.HopSize)
                    throw new VocoderException($"{files[i]}: {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one hop of {recipe.HopSize}");
                clips[i] = new SpeechClip(Path.GetRelativePath(folder, files[i]), audio, recipe, pitch, one);
                if (recording.Warning is { } warning) warnings[i] = $"'{files[i]}': {warning}";
                progress?.Invoke(Interlocked.Increment(ref done), files.Length);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<VocoderException>().FirstOrDefault() is { } first)
        {
            throw new VocoderException(first.Message, first);
        }
        bool[] held = divided ? named : Every20th(clips, cropFrames, recipe.HopSize);
        SpeechClip[] Part(bool isHeld) => [.. clips.Where((_, i) => held[i] == isHeld)];
        return new SpeechDataset(clips.Length == 1 ? clips : Part(false), clips.Length == 1 ? clips : Part(true), [.. warnings.OfType<string>()]);
    }

    private static bool[] Every20th(SpeechClip[] clips, int cropFrames, int hop)
    {
        int[] usable = [.. Enumerable.Range(0, clips.Length).Where(i => CropSampler.HasCrop(clips[i], cropFrames, hop))];
        // Where none is, who draws crops says so.
        if (usable.Length == 0) usable = [.. Enumerable.Range(0, clips.Length)];
        var held = new bool[clips.Length];
        for (int i = 19; i < usable.Length; i += 20) held[usable[i]] = true;
        if (usable.Length < 20 && clips.Length > 1) held[usable[^1]] = true;
        return held;
    }

    /// <summary>Whether a recording lies in a folder named "valid" below <paramref name="folder"/>.</summary>
    public static bool IsHeldOut(string folder, string file) =>
        Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).SkipLast(1).Contains("valid");

    /// <summary>
    /// The recordings below a folder, in ordinal order, each once whatever links lead to it: by the path that is held out, if one is, else by the first.
    /// </summary>
    /// <exception cref="VocoderException">The folder is not there or holds none.</exception>
    public static string[] Files(string folder)
    {
        if (!Directory.Exists(folder)) throw new VocoderException($"{folder}: no such folder, expected one with recordings");
        var found = new List<(string File, string Target)>();
        Walk(folder, LinkTarget.Of(folder), new HashSet<string>(LinkTarget.Names), found);
        string[] files = [.. found.OrderBy(f => f.File, StringComparer.Ordinal).GroupBy(f => f.Target, LinkTarget.Names)
            .Select(same => same.FirstOrDefault(f => IsHeldOut(folder, f.File), same.First()).File).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files
            : throw new VocoderException($"{folder}: found no recording below it, expected files that end in {string.Join(", ", AudioFile.Extensions)}");
    }

    // A folder may be linked from several places, but not from within itself.
    private static void Walk(string folder, string target, HashSet<string> above, List<(string File, string Target)> found)
    {
        if (!above.Add(target)) return;
        foreach (string file in Directory.EnumerateFiles(folder))
            if (AudioFile.Extensions.Contains(Path.GetExtension(file).ToLowerInvariant())) found.Add((file, LinkTarget.Of(file, target)));
        foreach (string inner in Directory.EnumerateDirectories(folder)) Walk(inner, LinkTarget.Of(inner, target), above, found);
        above.Remove(target);
    }
}
