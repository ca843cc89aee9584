using FlowVocoder.Compute;

namespace FlowVocoder.Training.Data;

/// <summary>A stretch of a clip.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="FirstFrame">First frame of the stretch.</param>
/// <param name="Gain">Factor of the loudness at which it is seen.</param>
/// <param name="Blur">How its mel is smoothed.</param>
public readonly record struct Crop(SpeechClip Clip, int FirstFrame, float Gain, MelBlur Blur = default)
{
    /// <summary>
    /// Mel frames, [count, bands], from <paramref name="first"/> on, counted from the first of the crop; beyond the ends of the clip its nearest one.
    /// As loud as the recording: <see cref="Gain"/> is the reader's.
    /// </summary>
    internal float[] Mel(int first, int count)
    {
        int bands = Clip.Mel.Length / Clip.MelFrames, reach = Blur.Reach;
        var frames = new float[(count + 2 * reach) * bands];
        for (int i = 0; i < count + 2 * reach; i++)
        {
            int f = Math.Clamp(FirstFrame + first - reach + i, 0, Clip.MelFrames - 1);
            for (int b = 0; b < bands; b++) frames[i * bands + b] = Clip.Mel[b * Clip.MelFrames + f];
        }
        return Blur == MelBlur.None ? frames : Blur.Apply(frames, bands);
    }

    /// <summary>F0 of a frame, counted from the first of the crop; 0 where it is unvoiced or pitch was not asked for.</summary>
    internal float HzOf(int frame) => Clip.F0.Length > 0 ? Clip.F0[FirstFrame + frame] : 0;

    /// <summary>Whether a frame has a pitch.</summary>
    internal bool IsVoiced(int frame) => HzOf(frame) > 0;
}

/// <summary>
/// Draws crops of equal length, every position of every clip equally likely where it is not silent: the likelihood of silence has no bound. A crop is
/// a function of (seed, step, item) alone, so a resumed run sees what the uninterrupted one would have seen.
/// </summary>
public sealed class CropSampler
{
    private const double SilentPower = 1e-6;
    private readonly List<(SpeechClip Clip, int FirstFrame)> _positions = [];
    private readonly Philox _random;
    private readonly float _quietest, _loudest;

    /// <summary>Creates a sampler of crops of <paramref name="frames"/> frames, at a gain between two limits in dB.</summary>
    /// <exception cref="VocoderException">No clip is long enough, or all is silence.</exception>
    public CropSampler(IReadOnlyList<SpeechClip> clips, int frames, int hop, ulong seed, float quietest, float loudest)
    {
        (_random, _quietest, _loudest) = (new Philox(seed), quietest, loudest);
        RequireLength(clips, frames, hop, "recording");
        foreach (SpeechClip clip in clips)
            foreach (int first in LoudPositions(clip, frames, hop)) _positions.Add((clip, first));
        if (_positions.Count == 0) throw AllSilent("recordings", clips, frames, hop);
    }

    /// <summary>The crop of an item of a step.</summary>
    public Crop Draw(long step, int item)
    {
        uint stream = NoiseStreams.Crops(item);
        var (clip, first) = _positions[(int)(_random.Uniform(stream, 0, 2 * step) * _positions.Count)];
        double decibel = _quietest + _random.Uniform(stream, 0, 2 * step + 1) * (_loudest - _quietest);
        return new Crop(clip, first, (float)Math.Pow(10, decibel / 20));
    }

    /// <summary>Consecutive items of a step.</summary>
    public Crop[] Draw(long step, int first, int count) => [.. Enumerable.Range(first, count).Select(item => Draw(step, item))];

    /// <summary>For validation: of each clip that is long enough the stretch nearest to its middle that is not silent, as loud as it is.</summary>
    /// <exception cref="VocoderException">No clip is long enough, or all is silence.</exception>
    public static Crop[] Middles(IReadOnlyList<SpeechClip> clips, int frames, int hop)
    {
        RequireLength(clips, frames, hop, "held-out recording");
        var crops = new List<Crop>();
        foreach (SpeechClip clip in clips)
        {
            int middle = (clip.Frames - frames) / 2;
            int[] loud = LoudPositions(clip, frames, hop);
            if (loud.Length > 0) crops.Add(new Crop(clip, loud.MinBy(first => Math.Abs(first - middle)), 1f));
        }
        return crops.Count > 0 ? [.. crops] : throw AllSilent("held-out recordings", clips, frames, hop);
    }

    /// <summary>Whether a crop can be taken of a clip: it is long enough and not silent throughout.</summary>
    internal static bool HasCrop(SpeechClip clip, int frames, int hop) => LoudPositions(clip, frames, hop).Length > 0;

    private static int[] LoudPositions(SpeechClip clip, int frames, int hop)
    {
        var energy = new double[clip.Frames + 1];
        for (int i = 0; i < clip.Frames; i++)
            energy[i + 1] = energy[i] + System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(clip.Audio.AsSpan(i * hop, hop));
        return [.. Enumerable.Range(0, Math.Max(0, clip.Frames - frames + 1)).Where(i => energy[i + frames] - energy[i] > SilentPower * frames * hop)];
    }

    private static void RequireLength(IReadOnlyList<SpeechClip> clips, int frames, int hop, string what)
    {
        if (clips.Any(c => c.Frames >= frames)) return;
        string found = clips.MaxBy(c => c.Audio.Length) is { } longest ? $"the longest, {longest.Name}, has {longest.Audio.Length}" : "there is none";
        throw new VocoderException($"no {what} is as long as a crop of {frames * hop} samples; {found}");
    }

    private static VocoderException AllSilent(string what, IReadOnlyList<SpeechClip> clips, int frames, int hop)
    {
        string names = clips.Count > 1 ? $"{clips[0].Name} and {clips.Count - 1} more" : clips[0].Name;
        return new($"the {what}, {names}, are silent: found no stretch of {frames * hop} samples above -60 dB of full scale, expected speech");
    }
}
