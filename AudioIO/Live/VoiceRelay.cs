using FlowVocoder.Streaming;

namespace FlowVocoder.AudioIO.Live;

/// <summary>
/// Voices that take turns on one stream of frames. The next one hears the last quarter of a second first, so that it is in the middle of the sentence when it
/// takes over; over one frame the two fade into each other.
/// </summary>
internal sealed class VoiceRelay
{
    private const int HistoryFrames = 24;

    private readonly int _bands, _hop;
    private readonly float[] _history;
    private VocoderStream _stream;
    private float[] _samples = [], _fading = [];
    private int _held;
    // Positions in samples: what has come in, what this voice gives next, and what was given on.
    private long _heard, _next, _given;

    public VoiceRelay(VocoderStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        (_stream, _bands, _hop) = (stream, stream.Bands, stream.HopSize);
        _history = new float[HistoryFrames * _bands];
    }

    public int LookAheadSamples => _stream.LookAheadFrames * _hop;

    /// <summary>Takes in frames; the samples that are ready, valid until the next call.</summary>
    public ReadOnlySpan<float> Push(ReadOnlySpan<float> frames)
    {
        Remember(frames);
        _heard += frames.Length / _bands * _hop;
        return New(Produce(frames));
    }

    /// <summary>The last samples.</summary>
    public ReadOnlySpan<float> Flush()
    {
        Grow(LookAheadSamples);
        return New(_stream.Flush(_samples));
    }

    /// <summary>
    /// Changes the voice; samples that the new one, looking less far ahead, can give at once. One that looks further ahead gives nothing until the frames
    /// that it needs have come.
    /// </summary>
    public ReadOnlySpan<float> Switch(VocoderStream stream)
    {
        if (stream.Bands != _bands || stream.HopSize != _hop)
            throw new ArgumentException($"a voice of {stream.Bands} bands and hop {stream.HopSize}, expected {_bands} and {_hop}", nameof(stream));
        // What the old one would have gone on with.
        Grow(LookAheadSamples);
        _fading = _samples.AsSpan(0, Math.Min(_hop, _stream.Flush(_samples))).ToArray();
        _stream = stream;
        ReadOnlySpan<float> heard = _history.AsSpan(0, _held * _bands);
        _next = _heard - (_held * _hop);
        return New(Produce(heard));
    }

    private int Produce(ReadOnlySpan<float> frames)
    {
        Grow(frames.Length / _bands * _hop);
        return _stream.Push(frames, _samples);
    }

    // Leaves out what another voice has said before.
    private ReadOnlySpan<float> New(int count)
    {
        int old = (int)Math.Clamp(_given - _next, 0, count);
        _next += count;
        Span<float> samples = _samples.AsSpan(old, count - old);
        _given += samples.Length;
        if (samples.Length < _fading.Length) return samples;
        for (int i = 0; i < _fading.Length; i++) samples[i] += (_fading[i] - samples[i]) * (_fading.Length - i) / (_fading.Length + 1);
        _fading = [];
        return samples;
    }

    private void Remember(ReadOnlySpan<float> frames)
    {
        if (frames.Length > _history.Length) frames = frames[^_history.Length..];
        int count = frames.Length / _bands;
        int kept = Math.Min(_held, HistoryFrames - count);
        _history.AsSpan((_held - kept) * _bands, kept * _bands).CopyTo(_history);
        frames.CopyTo(_history.AsSpan(kept * _bands));
        _held = kept + count;
    }

    private void Grow(int least)
    {
        if (_samples.Length < least) _samples = new float[least];
    }
}
