using FlowVocoder.Compute;

namespace FlowVocoder.Training.Data;

/// <summary>A stretch of a clip.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="FirstFrame">First frame of the stretch.</param>
/// <param name="Gain">Factor of the loudness at which it is seen.</param>
public readonly record struct Crop(SpeechClip Clip, int FirstFrame, float Gain)
{
    /// <summary>Copies a mel frame, [bands], counted from the first of the crop; beyond the ends of the clip its nearest one.</summary>
    internal void CopyMelFrame(int frame, Span<float> column)
    {
        int f = Math.Clamp(FirstFrame + frame, 0, Clip.MelFrames - 1);
        for (int b = 0; b < column.Length; b++) column[b] = Clip.Mel[b * Clip.MelFrames + f];
    }

    /// <summary>Whether a frame, counted from the first of the crop, has a pitch; none has where pitch was not asked for.</summary>
    internal bool IsVoiced(int frame) => Clip.F0.Length > 0 && Clip.F0[FirstFrame + frame] > 0;
}

/// <summary>
/// Draws crops of equal length, every position of every clip equally likely. A crop is a function of (seed, step, item) alone, so a
/// resumed run sees what the uninterrupted one would have seen.
/// </summary>
public sealed class CropSampler
{
    private const double SilentPower = 1e-6;
    private const int Attempts = 32;
    private readonly List<SpeechClip> _clips = [];
    private readonly List<long> _ends = [];
    private readonly int _frames, _hop;
    private readonly Philox _random;
    private readonly float _quietest, _loudest;

    /// <summary>Creates a sampler of crops of <paramref name="frames"/> frames, at a gain between two limits in dB.</summary>
    /// <exception cref="VocoderException">No clip is long enough.</exception>
    public CropSampler(IReadOnlyList<SpeechClip> clips, int frames, int hop, ulong seed, float quietest, float loudest)
    {
        (_frames, _hop, _random, _quietest, _loudest) = (frames, hop, new Philox(seed), quietest, loudest);
        long total = 0;
        foreach (SpeechClip clip in clips.Where(c => c.Frames >= frames))
        {
            _clips.Add(clip);
            _ends.Add(total += clip.Frames - frames + 1);
        }
        if (_clips.Count == 0)
            throw new VocoderException($"no recording is as long as a crop of {frames * hop} samples; the longest has {clips.Select(c => c.Audio.Length).DefaultIfEmpty().Max()}");
    }

    /// <summary>The crop of an item of a step. Silent stretches are drawn again: their likelihood has no bound.</summary>
    public Crop Draw(long step, int item)
    {
        Crop crop = default;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long position = (long)(_random.Uniform((uint)item, (uint)attempt, 2 * step) * _ends[^1]);
            int index = _ends.BinarySearch(position + 1);
            if (index < 0) index = ~index;
            int first = (int)(position - (index == 0 ? 0 : _ends[index - 1]));
            double decibel = _quietest + _random.Uniform((uint)item, (uint)attempt, 2 * step + 1) * (_loudest - _quietest);
            crop = new Crop(_clips[index], first, (float)Math.Pow(10, decibel / 20));
            if (Power(crop) > SilentPower) break;
        }
        return crop;
    }

    /// <summary>Consecutive items of a step.</summary>
    public Crop[] Draw(long step, int first, int count) => [.. Enumerable.Range(first, count).Select(item => Draw(step, item))];

    private double Power(Crop crop) =>
        System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(crop.Clip.Audio.AsSpan(crop.FirstFrame * _hop, _frames * _hop)) / (_frames * _hop);
}
