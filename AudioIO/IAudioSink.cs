namespace FlowVocoder.AudioIO;

/// <summary>Takes in a recording as it is decoded, so that a long one need not be held.</summary>
internal interface IAudioSink
{
    /// <summary>Is called once, before all samples.</summary>
    /// <param name="channels">Channels, at least one.</param>
    /// <param name="sampleRate">Samples per second and channel, positive.</param>
    /// <param name="frames">Samples per channel that the bytes of the file make, where it tells; there may be fewer.</param>
    void Begin(int channels, int sampleRate, long? frames);

    /// <summary>Takes the next samples of all channels, interleaved and finite; they are valid for the length of the call.</summary>
    void Write(ReadOnlySpan<float> samples);
}
