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

    // The envelope holds nothing above 1/(18 ms) = 56 Hz, so one value in 16 samples is plenty and linear interpolation follows it.
    private const int Decimation = 16;

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
        double[] psi = Integrate(Bridge(f0), audio.Length);
        int knots = (audio.Length / Decimation) + 2;
        double[] re = new double[knots], im = new double[knots];
        Envelope(audio, psi, re, im);
        float[] phase = new float[audio.Length];
        for (int t = 0; t < phase.Length; t++)
        {
            int k = t / Decimation;
            double u = (double)(t % Decimation) / Decimation;
            double angle = Math.Atan2(im[k] + (u * (im[k + 1] - im[k])), re[k] + (u * (re[k + 1] - re[k])));
            phase[t] = PhaseAccumulator.Wrap(psi[t] + angle);
        }
        return phase;
    }

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

    /// <summary>ψ(t) in radians, wrapped: the sum of 2πF0/fs over the samples before t, F0 interpolated between the centres of frames.</summary>
    private double[] Integrate(float[] f0, int samples)
    {
        double[] psi = new double[samples];
        double sum = 0, radiansPerHz = 2 * Math.PI / _recipe.SampleRate;
        for (int t = 0; t < samples; t++)
        {
            psi[t] = sum;
            double at = f0.Length == 0 ? 0 : Math.Clamp((t - FrameCentres.Of(_recipe, 0)) / _recipe.HopSize, 0, f0.Length - 1);
            int i = Math.Min((int)at, Math.Max(f0.Length - 2, 0));
            double hz = f0.Length switch { 0 => DefaultHz, 1 => f0[0], _ => f0[i] + ((at - i) * (f0[i + 1] - f0[i])) };
            sum += hz * radiansPerHz;
            if (sum >= 2 * Math.PI)
                sum -= 2 * Math.PI;
        }
        return psi;
    }

    /// <summary>The low-passed audio·exp(−iψ) at every sixteenth sample.</summary>
    private void Envelope(ReadOnlySpan<float> audio, double[] psi, double[] re, double[] im)
    {
        double[] turnedRe = new double[audio.Length], turnedIm = new double[audio.Length];
        for (int t = 0; t < audio.Length; t++)
        {
            (double sin, double cos) = Math.SinCos(psi[t]);
            (turnedRe[t], turnedIm[t]) = (audio[t] * cos, -audio[t] * sin);
        }
        int half = _lowPass.Length / 2;
        for (int k = 0; k < re.Length; k++)
        {
            int start = (k * Decimation) - half;
            int from = Math.Max(0, -start), to = Math.Min(_lowPass.Length, audio.Length - start);
            double sumRe = 0, sumIm = 0;
            for (int n = from; n < to; n++)
            {
                sumRe += _lowPass[n] * turnedRe[start + n];
                sumIm += _lowPass[n] * turnedIm[start + n];
            }
            (re[k], im[k]) = (sumRe, sumIm);
        }
    }
}
