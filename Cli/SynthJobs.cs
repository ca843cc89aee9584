using FlowVocoder.AudioIO;

namespace FlowVocoder.Cli;

/// <summary>A mel to speak and the wav to write.</summary>
/// <param name="Mel">The .npy.</param>
/// <param name="Wav">The recording.</param>
/// <param name="IntoFolder">Whether a folder was asked for, which is made where there is none.</param>
internal sealed record SynthJob(string Mel, string Wav, bool IntoFolder = false);

/// <summary>Tells from the arguments of synth what goes where.</summary>
internal static class SynthJobs
{
    /// <summary>The last of the files is the output, a folder where there are several mels.</summary>
    public static IReadOnlyList<SynthJob> Plan(string[] files)
    {
        string[] mels = files[..^1];
        string target = files[^1];
        bool toFolder = mels.Length > 1 || Directory.Exists(target) || Path.EndsInDirectorySeparator(target);
        if (!toFolder)
        {
            Files.CheckNotAnInput(target, mels);
            Files.CheckEnding(target, "a recording", ".wav", ".wave");
            return [new SynthJob(mels[0], target)];
        }
        if (Path.GetExtension(target).ToLowerInvariant() is ".wav" or ".npy" && !Directory.Exists(target))
            throw new UsageException($"the output of {mels.Length} mels is '{target}', expected a folder as the last argument");
        SynthJob[] jobs = [.. mels.Select(mel => new SynthJob(mel, Path.Combine(target, Path.GetFileNameWithoutExtension(mel) + ".wav"), IntoFolder: true))];
        foreach (var same in jobs.GroupBy(j => j.Wav).Where(g => g.Count() > 1))
            throw new VocoderException($"'{same.First().Mel}' and '{same.Last().Mel}' would both become '{same.Key}', expected mels of different names");
        foreach (SynthJob job in jobs) Files.CheckNotAnInput(job.Wav, mels);
        return jobs;
    }

    /// <summary>Makes the folder that jobs write into, and clears away what a kill left of earlier ones: when all else is known to be right.</summary>
    public static void Prepare(IReadOnlyList<SynthJob> jobs)
    {
        if (jobs.Count > 0 && Path.GetDirectoryName(jobs[0].Wav) is { Length: > 0 } folder && jobs[0].IntoFolder) Files.CreateFolder(folder);
        AtomicFile.DeleteLeftovers(jobs.Select(job => job.Wav).Where(wav => !OutputTarget.IsDevice(wav)));
    }

    /// <summary>Frames of all mels together. What cannot be read counts for none: who speaks it will tell.</summary>
    public static long Frames(IEnumerable<SynthJob> jobs, MelInput mels) => jobs.Sum(job =>
    {
        try
        {
            int frames = MelFile.Read(job.Mel, mels.Recipe.Bands, mels.Recipe.FramesFirst).Frames;
            return (long)(mels.Conversion?.FrameCount(frames) ?? frames);
        }
        catch (VocoderException)
        {
            return 0;
        }
    });
}
