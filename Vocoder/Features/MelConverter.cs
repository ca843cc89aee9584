namespace FlowVocoder.Features;

/// <summary>
/// Converts the frames of one signal while they come; however they are cut into chunks, the result is the same bits. Made by
/// <see cref="MelConversion.NewConverter"/>. Not thread-safe. Allocates nothing in steady state.
/// </summary>
public sealed partial class MelConverter
{
    private const int Taps = 4;

    private readonly MelConversion _conversion;
    private readonly MelSpectrumMap? _map;
    private readonly float[] _frame;

    // Fourth roots of amplitudes, [Taps, target bands], frame i at i mod Taps: interpolated there, a mel loses least (0.038 against 0.045 nepers in the
    // logarithm, 0.056 in the amplitude, half a hop apart on the synthetic wave of the tests).
    private readonly double[] _roots;
    private readonly double[] _amplitude;
    private long _received, _given;

    internal MelConverter(MelConversion conversion)
    {
        _conversion = conversion;
        _map = conversion.Difference == null ? null : new MelSpectrumMap(conversion.Source, conversion.Target);
        (_frame, _amplitude) = (new float[conversion.Source.Bands], new double[conversion.Target.Bands]);
        _roots = new double[conversion.Interpolates ? Taps * _amplitude.Length : 0];
    }

    private int Bands => _conversion.Source.Bands;

    private int TargetBands => _conversion.Target.Bands;

    /// <summary>Frames that <see cref="Push"/> will give for so many frames.</summary>
    public int FramesAfter(int frames) => (int)(Ready(_received + frames) - _given);

    /// <summary>Frames that <see cref="Flush"/> will give.</summary>
    public int FlushCount => (int)Math.Max(0, _conversion.FrameCount(_received) - _given);

    /// <summary>Takes in frames and gives those that are ready.</summary>
    /// <param name="frames">[n, source bands] values, one frame after the other, finite.</param>
    /// <param name="result">Room for [<see cref="FramesAfter"/> n, target bands] values.</param>
    /// <returns>Frames written.</returns>
    /// <exception cref="ArgumentException">No whole number of frames, or no room; nothing was taken in.</exception>
    public int Push(ReadOnlySpan<float> frames, Span<float> result)
    {
        if (frames.Length % Bands != 0) throw new ArgumentException($"{frames.Length} values are no whole number of frames of {Bands} bands", nameof(frames));
        int count = FramesAfter(frames.Length / Bands), done = 0;
        RequireRoom(result, count);
        for (; !frames.IsEmpty; frames = frames[Bands..])
        {
            Amplitudes(frames[..Bands]);
            if (!_conversion.Interpolates)
            {
                for (int b = 0; b < TargetBands; b++) result[(done * TargetBands) + b] = (float)_conversion.Target.FromAmplitude(_amplitude[b]);
                done++;
                (_received, _given) = (_received + 1, _given + 1);
                continue;
            }
            Span<double> kept = _roots.AsSpan((int)(_received % Taps) * TargetBands, TargetBands);
            for (int b = 0; b < TargetBands; b++) kept[b] = Math.Sqrt(Math.Sqrt(_amplitude[b]));
            _received++;
            for (long ready = Ready(_received); _given < ready; _given++, done++) Interpolate(result.Slice(done * TargetBands, TargetBands));
        }
        return count;
    }

    /// <summary>Ends the signal: gives the last frames. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="result">Room for [<see cref="FlushCount"/>, target bands] values.</param>
    /// <returns>Frames written.</returns>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public int Flush(Span<float> result)
    {
        int count = FlushCount;
        RequireRoom(result, count);
        for (int i = 0; i < count; i++, _given++) Interpolate(result.Slice(i * TargetBands, TargetBands));
        return count;
    }

    /// <summary>Starts a new signal.</summary>
    public void Reset() => (_received, _given) = (0, 0);

    // A frame is ready when two follow the one before it.
    private long Ready(long received) => !_conversion.Interpolates ? received
        : Math.Max(0, Math.Min(received == 0 ? 0 : _conversion.FrameCount(received),
            (long)Math.Ceiling((received - 2 - _conversion.Shift) / _conversion.Step)));

    private void Amplitudes(ReadOnlySpan<float> values)
    {
        values.CopyTo(_frame);
        _conversion.Statistics?.Denormalize(_frame);
        if (_map != null) _map.Apply(_frame, _amplitude);
        else
            for (int b = 0; b < _frame.Length; b++) _amplitude[b] = _conversion.Source.ToAmplitude(_frame[b]);
    }

    // Lagrange's cubic through the four frames around the position; beyond the ends the outermost goes on.
    private void Interpolate(Span<float> result)
    {
        double position = (_given * _conversion.Step) + _conversion.Shift;
        long left = (long)Math.Floor(position);
        double t = position - left;
        ReadOnlySpan<double> weights = [-t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6];
        for (int b = 0; b < result.Length; b++)
        {
            double root = 0;
            for (int i = 0; i < Taps; i++) root += weights[i] * _roots[(int)(Math.Clamp(left - 1 + i, 0, _received - 1) % Taps * result.Length) + b];
            root = Math.Max(0, root);
            result[b] = (float)_conversion.Target.FromAmplitude(root * root * root * root);
        }
    }

    private void RequireRoom(Span<float> result, int count)
    {
        if (result.Length < count * TargetBands)
            throw new ArgumentException($"room for {result.Length} values, expected {count} frames of {TargetBands}", nameof(result));
    }
}
