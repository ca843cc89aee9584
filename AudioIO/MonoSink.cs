using System.Numerics.Tensors;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Makes of a recording as it is decoded what everything here takes: mono (the mean of the channels, a mix that cannot clip), at one rate,
/// of numbers that can be
/// computed with. Watches it meanwhile for what is likely to be a mistake.
/// </summary>
/// <param name="name">What errors call the recording.</param>
/// <param name="sampleRate">Samples per second that are wanted; null leaves them as they are.</param>
/// <param name="next">Takes the samples.</param>
internal sealed class MonoSink(string name, int? sampleRate, Action<ReadOnlySpan<float>> next) : IAudioSink
{
    // Full scale is 1. What is some times as loud is not loud but of another scale.
    private const float LoudestSpeech = 8f;
    // Channels that have nothing in common lose 3 dB in the mean of two, this is 20.
    private const float Cancelled = 0.01f;

    private ResamplerStream? _resampler;
    private int _channels;
    private float[] _mono = [], _resampled = [];
    private float _peak;
    private double _apart, _mixed;

    /// <summary>Samples per second that come out.</summary>
    public int SampleRate => _resampler!.To;

    /// <summary>Samples that will come out, where the file tells; there may be fewer.</summary>
    public long? Expected { get; private set; }

    /// <summary>What was done to the recording, "resampled from 48000 to 22050 Hz", or null where it is as it was in the file.</summary>
    public string? Changes
    {
        get
        {
            var changes = new List<string>();
            if (_resampler!.From != _resampler.To) changes.Add(FormattableString.Invariant($"resampled from {_resampler.From} to {_resampler.To} Hz"));
            if (_channels > 1) changes.Add(FormattableString.Invariant($"mixed from {_channels} channels to mono"));
            return changes.Count == 0 ? null : string.Join(" and ", changes);
        }
    }

    /// <inheritdoc/>
    public void Begin(int channels, int rate, long? frames)
    {
        (_channels, _resampler) = (channels, new ResamplerStream(rate, sampleRate ?? rate));
        Expected = frames is { } known && known < long.MaxValue / SampleRate - rate ? ((known * SampleRate) + rate - 1) / rate : null;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<float> samples)
    {
        int frames = samples.Length / _channels;
        if (_mono.Length < frames) _mono = new float[frames];
        Span<float> mono = _mono.AsSpan(0, frames);
        Mix(samples, mono);
        int count = _resampler!.OutputCount(frames);
        Span<float> resampled = Room(count);
        _resampler.Push(mono, resampled);
        // After all arithmetic: the sum of two channels may be infinite where neither is.
        Check(Math.Max(Peak(mono), Peak(resampled)), samples);
        _apart += TensorPrimitives.SumOfSquares(samples) / (double)_channels;
        _mixed += TensorPrimitives.SumOfSquares<float>(mono);
        next(resampled);
    }

    /// <summary>Ends the recording.</summary>
    public void Finish()
    {
        Span<float> rest = Room(_resampler!.FlushCount);
        _resampler.Flush(rest);
        Check(Peak(rest), []);
        next(rest);
    }

    /// <summary>One line, without the name of the file, on what is likely to be a mistake in it; null where nothing is.</summary>
    public string? Doubt()
    {
        if (_peak > LoudestSpeech)
        {
            return FormattableString.Invariant($"its samples reach {_peak:0}, expected ±1: ")
                + "integers that were written as floats are to be divided by 32768 or by what their format has";
        }
        if (!(_mixed < Cancelled * _apart)) return null;
        double lost = 10 * Math.Log10(_apart / Math.Max(_mixed, 1e-30));
        return FormattableString.Invariant($"its {_channels} channels cancel each other, and their mean is {lost:0} dB below them: ") + "take one of them";
    }

    private void Mix(ReadOnlySpan<float> samples, Span<float> mono)
    {
        if (_channels == 1)
        {
            samples.CopyTo(mono);
            return;
        }
        for (int t = 0; t < mono.Length; t++)
        {
            float sum = samples[t * _channels];
            for (int c = 1; c < _channels; c++) sum += samples[(t * _channels) + c];
            mono[t] = sum / _channels;
        }
    }

    private Span<float> Room(int count) => (_resampled.Length < count ? _resampled = new float[count] : _resampled).AsSpan(0, count);

    private void Check(float peak, ReadOnlySpan<float> samples)
    {
        _peak = Math.Max(_peak, peak);
        if (_peak <= Recording.Loudest) return;
        float largest = samples.IsEmpty ? _peak : Peak(samples);
        throw new VocoderException(FormattableString.Invariant($"'{name}' has samples of {largest:0.##E+0}, too large to compute with, expected ±1"));
    }

    private static float Peak(ReadOnlySpan<float> samples) => samples.Length == 0 ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(samples));
}
