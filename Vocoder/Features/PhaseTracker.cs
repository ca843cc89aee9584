namespace FlowVocoder.Features;

/// <summary>
/// The phase of the fundamental of a recording, per sample: what a mel does not say and a flow can be told.
/// With ψ(t) = ∫2πF0 the recording times exp(−iψ), low-passed by an 18 ms Hann window, is the complex envelope of the fundamental;
/// its angle added to ψ is φ(t), so that the fundamental of the recording is proportional to cos φ(t).
/// </summary>
public sealed class PhaseTracker
{
    private const double LowPassSeconds = 0.018;

    /// <summary>F0 of a recording without one voiced frame: any value serves, for nothing there has a period.</summary>
    internal const float DefaultHz = 150;

    private readonly MelRecipe _recipe;
    private readonly double[] _lowPass;

    /// <summary>A tracker for the frames of a recipe.</summary>
    /// <param name="recipe">Gives sample rate, hop and where frames are centred.</param>
    public PhaseTracker(MelRecipe recipe)
    {
        _recipe = recipe;
        int half = (int)Math.Round(LowPassSeconds * recipe.SampleRate / 2);
        // The periodic window of an even length without its leading zero is symmetric around its middle.
        _lowPass = Windows.HannPeriodic(2 * half)[1..];
    }

    /// <summary>φ(t) of a recording.</summary>
    /// <param name="audio">[samples] at the recipe's rate; taken as 0 beyond its ends.</param>
    /// <param name="f0">[frames] Hz, one per mel frame, 0 where unvoiced; gaps are bridged linearly, the ends held.</param>
    /// <returns>[samples] radians in [0, 2π).</returns>
    public float[] Phase(ReadOnlySpan<float> audio, ReadOnlySpan<float> f0)
    {
        float[] phase = new float[audio.Length];
        PhaseStream stream = NewStream(f0);
        int count = stream.Push(audio, phase);
        stream.Flush(phase.AsSpan(count));
        return phase;
    }

    /// <summary>The phase of a recording that comes in pieces, bit for bit that of <see cref="Phase"/>.</summary>
    /// <param name="f0">As for <see cref="Phase"/>, of the whole recording: a gap is bridged from both of its sides.</param>
    internal PhaseStream NewStream(ReadOnlySpan<float> f0) => new(_recipe, _lowPass, Bridge(f0));

    /// <summary>F0 without gaps: unvoiced stretches interpolated linearly between their voiced neighbours, held at the ends.</summary>
    internal static float[] Bridge(ReadOnlySpan<float> f0)
    {
        float[] bridged = f0.ToArray();
        int last = -1;
        for (int i = 0; i < bridged.Length; i++)
        {
            if (!(bridged[i] > 0))
                continue;
            for (int j = last + 1; j < i; j++)
                bridged[j] = last < 0 ? bridged[i] : bridged[last] + ((bridged[i] - bridged[last]) * (j - last) / (i - last));
            last = i;
        }
        bridged.AsSpan(last + 1).Fill(last < 0 ? DefaultHz : bridged[Math.Max(last, 0)]);
        return bridged;
    }
}
