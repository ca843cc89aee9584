namespace FlowVocoder.Features;

/// <summary>
/// <see cref="PhaseTracker"/> on a recording that is still coming: samples go in, and their phases come out as soon as the low-pass has what it needs
/// behind them. Memory does not grow with the recording, but for the F0 of its frames. Not thread-safe.
/// </summary>
internal sealed class PhaseStream
{
    // The envelope holds nothing above 1/(18 ms) = 56 Hz, so one value in 16 samples is plenty and linear interpolation follows it.
    private const int Decimation = 16;

    // Samples that are taken in at once.
    private const int Step = 1024;

    private readonly MelRecipe _recipe;
    private readonly double[] _lowPass;
    private readonly float[] _f0;
    // ψ and audio·exp(−iψ) of the samples from _start on.
    private readonly double[] _psi, _re, _im;
    private long _start, _received, _produced;
    private double _sum;
    // The two values of the envelope around the sample that comes out next, and the number of the first.
    private (double Re, double Im) _left, _right;
    private long _knot = -1;

    /// <summary>See <see cref="PhaseTracker.NewStream"/>.</summary>
    /// <param name="recipe">Gives sample rate, hop and where frames are centred.</param>
    /// <param name="lowPass">Symmetric, of odd length.</param>
    /// <param name="f0">[frames] Hz without gaps.</param>
    public PhaseStream(MelRecipe recipe, double[] lowPass, float[] f0)
    {
        (_recipe, _lowPass, _f0) = (recipe, lowPass, f0);
        int room = Step + lowPass.Length + (2 * Decimation);
        (_psi, _re, _im) = (new double[room], new double[room], new double[room]);
    }

    private int Half => _lowPass.Length / 2;

    /// <summary>Phases that <see cref="Push"/> will give for so many samples; those that are held back are fewer than the low-pass has taps.</summary>
    public int Count(int samples) => (int)(Ready(_received + samples) - _produced);

    /// <summary>Takes in samples and gives the phases that are ready.</summary>
    /// <param name="audio">The next samples.</param>
    /// <param name="phase">Room for <see cref="Count"/> of them, radians in [0, 2π).</param>
    /// <returns>Phases written.</returns>
    public int Push(ReadOnlySpan<float> audio, Span<float> phase)
    {
        int count = 0;
        for (; !audio.IsEmpty; audio = audio[Math.Min(audio.Length, Step)..])
        {
            Append(audio[..Math.Min(audio.Length, Step)]);
            count += Produce(Ready(_received), phase[count..]);
        }
        return count;
    }

    /// <summary>Ends the recording and gives the phases that are left.</summary>
    /// <param name="phase">Room for as many as samples have come and phases have not.</param>
    /// <returns>Phases written.</returns>
    public int Flush(Span<float> phase) => Produce(_received, phase);

    // Samples between two values of the envelope that end before so many have come: the second one needs half the low-pass behind it.
    private long Ready(long received) => Math.Max(0, (received - Half - 1) / Decimation * Decimation);

    private void Append(ReadOnlySpan<float> audio)
    {
        Forget();
        int at = (int)(_received - _start);
        double radiansPerHz = 2 * Math.PI / _recipe.SampleRate;
        for (int n = 0; n < audio.Length; n++)
        {
            (double sin, double cos) = Math.SinCos(_sum);
            (_psi[at + n], _re[at + n], _im[at + n]) = (_sum, audio[n] * cos, -audio[n] * sin);
            // ψ is the sum of 2πF0/fs over the samples before, F0 interpolated between the centres of frames, and wrapped.
            _sum += Hz(_received + n) * radiansPerHz;
            if (_sum >= 2 * Math.PI) _sum -= 2 * Math.PI;
        }
        _received += audio.Length;
    }

    private double Hz(long t)
    {
        if (_f0.Length < 2) return _f0.Length == 0 ? PhaseTracker.DefaultHz : _f0[0];
        double at = Math.Clamp((t - FrameCentres.Of(_recipe, 0)) / _recipe.HopSize, 0, _f0.Length - 1);
        int i = Math.Min((int)at, _f0.Length - 2);
        return _f0[i] + ((at - i) * (_f0[i + 1] - _f0[i]));
    }

    // What neither a later sample nor a later value of the envelope needs.
    private void Forget()
    {
        long first = Math.Max(_start, Math.Min(_produced, ((_produced / Decimation) * Decimation) - Half));
        int gone = (int)(first - _start), kept = (int)(_received - first);
        foreach (double[] values in (ReadOnlySpan<double[]>)[_psi, _re, _im]) Array.Copy(values, gone, values, 0, kept);
        _start = first;
    }

    private int Produce(long until, Span<float> phase)
    {
        int count = 0;
        for (; _produced < until; _produced++, count++)
        {
            long k = _produced / Decimation;
            if (k != _knot) (_left, _right, _knot) = (_knot < 0 ? Envelope(k) : _right, Envelope(k + 1), k);
            double u = (double)(_produced % Decimation) / Decimation;
            double angle = Math.Atan2(_left.Im + (u * (_right.Im - _left.Im)), _left.Re + (u * (_right.Re - _left.Re)));
            phase[count] = PhaseAccumulator.Wrap(_psi[_produced - _start] + angle);
        }
        return count;
    }

    // The low-passed audio·exp(−iψ) at every sixteenth sample.
    private (double Re, double Im) Envelope(long k)
    {
        long start = (k * Decimation) - Half;
        int from = (int)Math.Max(0, -start), to = (int)Math.Min(_lowPass.Length, _received - start);
        double re = 0, im = 0;
        for (int n = from; n < to; n++)
        {
            long at = start + n - _start;
            re += _lowPass[n] * _re[at];
            im += _lowPass[n] * _im[at];
        }
        return (re, im);
    }
}
