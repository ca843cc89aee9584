namespace FlowVocoder.Features;

/// <summary>
/// The phase of the fundamental while generating: φ(t) = φ(0) + Σ 2π·F0/fs, from one F0 per mel frame, interpolated linearly
/// between the centres of frames. It needs one frame of look-ahead. F0 of unvoiced frames is that of the last voiced one.
/// All arithmetic is in double and per sample, so a stream cut between frames anywhere gives bit-identical results.
/// </summary>
/// <param name="recipe">Gives sample rate, hop and where frames are centred.</param>
public sealed class PhaseAccumulator(MelRecipe recipe)
{
    private readonly double _radiansPerHz = 2 * Math.PI / recipe.SampleRate;
    // Samples of a hop that lie before the centre of its frame.
    private readonly int _centre = (int)FrameCentres.Of(recipe, 0);
    private double _phase;
    private float _previous;

    /// <summary>Starts a stream.</summary>
    /// <param name="startPhase">φ of the first sample, radians.</param>
    public void Reset(double startPhase)
    {
        _phase = startPhase;
        _previous = 0;
    }

    /// <summary>What a stream remembers: the phase of the next sample, and F0 of the frame before.</summary>
    internal (double Phase, float PreviousHz) State
    {
        get => (_phase, _previous);
        set => (_phase, _previous) = value;
    }

    /// <summary>Advances by whole frames.</summary>
    /// <param name="f0">
    /// [frames + 1] Hz, 0 where unvoiced: the frames of this chunk and the one after. At the end of a stream repeat the last.
    /// </param>
    /// <param name="phase">[frames × hop] receives φ(t), radians in [0, 2π).</param>
    /// <param name="ratio">Pitch shift: F0 is multiplied by it, 2^(semitones/12); the default value is 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public void Advance(ReadOnlySpan<float> f0, Span<float> phase, double ratio = 1)
    {
        int hop = recipe.HopSize;
        if (f0.Length == 0 || phase.Length != (f0.Length - 1) * hop)
            throw new ArgumentException($"{f0.Length} F0 values for {phase.Length} samples, expected one more than the {phase.Length / hop} frames");
        for (int i = 0; i + 1 < f0.Length; i++)
        {
            if (!(_previous > 0))
                _previous = Voiced(f0[i], Voiced(f0[i + 1], PhaseTracker.DefaultHz));
            float current = Voiced(f0[i], _previous);
            Hop(current, Voiced(f0[i + 1], current), ratio * _radiansPerHz, phase.Slice(i * hop, hop));
            _previous = current;
        }
    }

    /// <summary>An angle brought to [0, 2π) and rounded to float, where the nearest float to a value just below 2π is above it.</summary>
    internal static float Wrap(double angle)
    {
        float wrapped = (float)(angle - (2 * Math.PI * Math.Floor(angle / (2 * Math.PI))));
        return wrapped < 2 * Math.PI ? wrapped : 0;
    }

    private static float Voiced(float f0, float otherwise) => f0 > 0 ? f0 : otherwise;

    private void Hop(float current, float next, double step, Span<float> phase)
    {
        double hops = 1.0 / phase.Length;
        for (int t = 0; t < phase.Length; t++)
        {
            phase[t] = Wrap(_phase);
            double u = (t - _centre) * hops;
            double hz = u < 0 ? current + (u * (current - _previous)) : current + (u * (next - current));
            _phase += hz * step;
        }
        // Kept small, so that a stream of hours is as exact as its first second.
        _phase -= 2 * Math.PI * Math.Floor(_phase / (2 * Math.PI));
    }
}
