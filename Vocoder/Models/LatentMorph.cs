using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>
/// Speech between two recordings: latents are interpolated spherically, mels and the speed of the phase linearly, along an alignment in time of the mels. At 0
/// and 1 it is one and the other recording exactly. In between, spherical interpolation keeps the length of z that noise of so many dimensions has (White 2016,
/// Sampling generative networks, sec. 2.1), where the mean of two would be too quiet by 3 dB.
/// </summary>
public sealed class LatentMorph
{
    private readonly LatentSpeech _first, _second;
    private readonly MelRecipe _recipe;
    private readonly (int First, int Second)[] _path;
    private readonly int _firstFrames, _secondFrames;
    private readonly float[] _firstF0, _secondF0;

    /// <summary>Aligns two recordings that one voice encoded.</summary>
    /// <exception cref="VocoderException">They are too long to be aligned.</exception>
    /// <exception cref="ArgumentException">They were encoded by voices of other kinds.</exception>
    public LatentMorph(LatentSpeech first, LatentSpeech second, MelRecipe recipe)
    {
        if (first.Group != second.Group || (first.Phase.Length == 0) != (second.Phase.Length == 0))
            throw new ArgumentException($"latents of {first.Group} and {second.Group} rows, expected those of one voice", nameof(second));
        (_first, _second, _recipe) = (first, second, recipe);
        (_firstFrames, _secondFrames) = (first.Samples / recipe.HopSize, second.Samples / recipe.HopSize);
        float[] a = Frames(first.Mel, _firstFrames), b = Frames(second.Mel, _secondFrames);
        Alignment = MelAlignment.Of(a, b, recipe.Bands);
        _path = [.. Alignment.Path];
        (_firstF0, _secondF0) = (first.F0, second.F0);
    }

    /// <summary>The alignment of the frames.</summary>
    public MelAlignment Alignment { get; }

    /// <summary>What lies between the recordings, ready to be decoded by the voice.</summary>
    /// <param name="weight">0 is the first recording, 1 the second.</param>
    public LatentSpeech At(double weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, 1);
        if (weight == 0) return _first;
        if (weight == 1) return _second;
        (double First, double Second)[] times = Times(weight);
        return _first with
        {
            Z = Latents(times, weight), Mel = Mel(times, weight), Phase = _first.Phase.Length == 0 ? [] : Phase(times, weight), F0 = _first.F0.Length == 0 ? []
                : F0(times, weight),
        };
    }

    /// <summary>Where the frames of the morph lie in the recordings: along the path, time goes on as the weighted mean of both.</summary>
    internal (double First, double Second)[] Times(double weight)
    {
        double At(int k) => (1 - weight) * _path[k].First + weight * _path[k].Second;
        var times = new (double, double)[(int)Math.Floor(At(_path.Length - 1)) + 1];
        for (int n = 0, k = 0; n < times.Length; n++)
        {
            while (k < _path.Length - 2 && At(k + 1) <= n) k++;
            int next = Math.Min(k + 1, _path.Length - 1);
            double step = At(next) - At(k), part = step > 0 ? Math.Clamp((n - At(k)) / step, 0, 1) : 0;
            times[n] = (_path[k].First + part * (_path[next].First - _path[k].First), _path[k].Second + part * (_path[next].Second - _path[k].Second));
        }
        return times;
    }

    // Noise has no values between its samples: a frame's latents are those of the nearest frame of either side.
    private float[] Latents((double First, double Second)[] times, double weight)
    {
        int group = _first.Group, per = _recipe.HopSize / group, steps = times.Length * per;
        var z = new float[group * steps];
        float[] a = new float[group * per], b = new float[group * per];
        for (int n = 0; n < times.Length; n++)
        {
            Take(_first, Nearest(times[n].First, _firstFrames), a);
            Take(_second, Nearest(times[n].Second, _secondFrames), b);
            Slerp(a, b, weight);
            for (int c = 0; c < group; c++) a.AsSpan(c * per, per).CopyTo(z.AsSpan(c * steps + n * per));
        }
        return z;

        void Take(LatentSpeech from, int frame, float[] to)
        {
            for (int c = 0; c < group; c++) from.Z.AsSpan(c * from.Steps + frame * per, per).CopyTo(to.AsSpan(c * per));
        }
    }

    /// <summary>
    /// Spherical interpolation (Shoemake 1985): sin((1-w)θ)/sin θ · a + sin(wθ)/sin θ · b into <paramref name="a"/>, for the angle θ between the two.
    /// </summary>
    internal static void Slerp(Span<float> a, ReadOnlySpan<float> b, double weight)
    {
        double dot = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++) (dot, aa, bb) = (dot + (double)a[i] * b[i], aa + (double)a[i] * a[i], bb + (double)b[i] * b[i]);
        double angle = aa * bb > 0 ? Math.Acos(Math.Clamp(dot / Math.Sqrt(aa * bb), -1, 1)) : 0, sin = Math.Sin(angle);
        // Where both point the same way, or opposite ways, there is no arc to follow.
        var (left, right) = sin < 1e-4 ? (1 - weight, weight) : (Math.Sin((1 - weight) * angle) / sin, Math.Sin(weight * angle) / sin);
        for (int i = 0; i < a.Length; i++) a[i] = (float)(left * a[i] + right * b[i]);
    }

    private float[] Mel((double First, double Second)[] times, double weight)
    {
        int bands = _recipe.Bands;
        var mel = new float[bands * times.Length];
        for (int b = 0; b < bands; b++)
            for (int n = 0; n < times.Length; n++)
                mel[b * times.Length + n] = (float)((1 - weight) * Between(Band(_first.Mel, b), times[n].First)
                    + weight * Between(Band(_second.Mel, b), times[n].Second));
        return mel;

        ReadOnlySpan<float> Band(float[] values, int b) => values.AsSpan(b * (values.Length / bands), values.Length / bands);
    }

    // The phase goes on by the weighted mean of what it goes on by in the recordings at that time.
    private float[] Phase((double First, double Second)[] times, double weight)
    {
        int hop = _recipe.HopSize;
        var phase = new float[times.Length * hop];
        double sum = _first.Phase[0] + weight * Turn(_second.Phase[0] - _first.Phase[0]);
        for (int t = 0; t < phase.Length; t++)
        {
            phase[t] = PhaseAccumulator.Wrap(sum);
            int n = t / hop;
            // Both go on to the end of their last frames.
            var here = times[n];
            var next = n + 1 < times.Length ? times[n + 1] : (First: here.First + 1, Second: here.Second + 1);
            double part = (double)(t % hop) / hop;
            sum += (1 - weight) * Advance(_first.Phase, hop * (here.First + part * (next.First - here.First)))
                + weight * Advance(_second.Phase, hop * (here.Second + part * (next.Second - here.Second)));
        }
        return phase;
    }

    private static double Advance(float[] phase, double time)
    {
        int t = Math.Clamp((int)Math.Round(time), 0, phase.Length - 2);
        return Turn(phase[t + 1] - phase[t]);
    }

    private static double Turn(double radians) => Math.IEEERemainder(radians, 2 * Math.PI);

    // Voiced where the nearer recording is; where the other one is not, its F0 does not count.
    private float[] F0((double First, double Second)[] times, double weight) =>
    [
        .. times.Select(time =>
        {
            float a = _firstF0[Nearest(time.First, _firstFrames)], b = _secondF0[Nearest(time.Second, _secondFrames)], near = weight < 0.5 ? a : b;
            return near == 0 || a == 0 || b == 0 ? near : (float)((1 - weight) * a + weight * b);
        }),
    ];

    private float[] Frames(float[] mel, int count)
    {
        int bands = _recipe.Bands, frames = mel.Length / bands;
        var result = new float[bands * count];
        for (int b = 0; b < bands; b++) mel.AsSpan(b * frames, count).CopyTo(result.AsSpan(b * count));
        return result;
    }

    private static int Nearest(double time, int frames) => Math.Clamp((int)Math.Round(time), 0, frames - 1);

    private static double Between(ReadOnlySpan<float> values, double time)
    {
        int i = Math.Clamp((int)time, 0, values.Length - 1), next = Math.Min(i + 1, values.Length - 1);
        return values[i] + (time - i) * (values[next] - values[i]);
    }
}
