namespace FlowVocoder.AudioIO;

/// <summary>Holds a recording as it is decoded, one growing array per channel.</summary>
/// <param name="name">What errors call the file.</param>
internal sealed class AudioCollector(string name) : IAudioSink
{
    private float[][] _channels = [];
    private int _sampleRate, _length;

    /// <inheritdoc/>
    public void Begin(int channels, int sampleRate, long? frames)
    {
        _sampleRate = sampleRate;
        _channels = new float[channels][];
        Array.Fill(_channels, []);
        if (frames is { } expected) Reserve(expected);
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<float> samples)
    {
        int count = _channels.Length, frames = samples.Length / count;
        if (_length + frames > _channels[0].Length)
            Reserve(Math.Max(_length + (long)frames, Math.Min(Array.MaxLength, 2L * _length)));
        for (int c = 0; c < count; c++)
        {
            Span<float> channel = _channels[c].AsSpan(_length, frames);
            for (int t = 0; t < frames; t++) channel[t] = samples[(t * count) + c];
        }

        _length += frames;
    }

    /// <summary>The recording, in arrays of exactly its length.</summary>
    public Audio ToAudio()
    {
        for (int c = 0; c < _channels.Length; c++)
            Array.Resize(ref _channels[c], _length);
        return new Audio(_channels, _sampleRate);
    }

    private void Reserve(long frames)
    {
        if (frames > Array.MaxLength)
            throw new VocoderException($"'{name}' has {frames} samples per channel, expected at most {Array.MaxLength}");
        for (int c = 0; c < _channels.Length; c++)
            Array.Resize(ref _channels[c], (int)frames);
    }
}
