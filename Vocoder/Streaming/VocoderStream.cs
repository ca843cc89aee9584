namespace FlowVocoder.Streaming;

/// <summary>
/// Synthesis as a stream: mel frames go in, samples come out as soon as the look-ahead allows. However the frames are cut into chunks and
/// whatever the number of threads, the samples are the same bits. Not thread-safe; many streams may share a model.
/// </summary>
public abstract class VocoderStream
{
    /// <summary>Values in a mel frame.</summary>
    public abstract int Bands { get; }

    /// <summary>Samples for each mel frame.</summary>
    public abstract int HopSize { get; }

    /// <summary>Frames that must follow a frame before its samples come out.</summary>
    public abstract int LookAheadFrames { get; }

    /// <summary>Frames to push at once when only throughput matters. The default value is 32: memory stays small and activations in the cache.</summary>
    public virtual int ChunkFrames => 32;

    /// <summary>Takes in frames and gives the samples that are ready.</summary>
    /// <param name="frames">[n, bands] mel values, one frame after the other.</param>
    /// <param name="samples">Room for at least n · hop samples.</param>
    /// <returns>Number of samples written, a multiple of the hop; 0 while the look-ahead fills.</returns>
    public abstract int Push(ReadOnlySpan<float> frames, Span<float> samples);

    /// <summary>Ends the signal: gives the last samples, as if the last frame went on. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="samples">Room for at least <see cref="LookAheadFrames"/> · hop samples.</param>
    /// <returns>Number of samples written.</returns>
    public abstract int Flush(Span<float> samples);

    /// <summary>Starts a new signal.</summary>
    public abstract void Reset();
}
