namespace FlowVocoder.Compute;

/// <summary>
/// What models run on: it makes the operations that they are written in. A model is given one, <see cref="Models.VocoderModel.Engine"/>, and many may share it.
/// </summary>
public abstract class Engine
{
    /// <summary>The managed engine of this library, which needs nothing else. It is the default everywhere.</summary>
    public static Engine Managed { get; } = new ManagedEngine();

    /// <summary>What it is called, "managed" say.</summary>
    public abstract string Name { get; }

    /// <summary>Where it computes, for people: the processor, or which device.</summary>
    public abstract string Device { get; }

    /// <summary>
    /// Frames that suit it where a whole mel is spoken in chunks. The default value is 32: memory stays small and activations in a processor's cache.
    /// </summary>
    public virtual int ChunkFrames => 32;

    /// <summary>Operations that record nothing.</summary>
    /// <param name="parallelism">Threads; one when null.</param>
    /// <param name="state">Where causal operations keep their past from chunk to chunk; null where there are no chunks.</param>
    public abstract Ops Compute(Parallelism? parallelism = null, StreamState? state = null);

    /// <summary>Operations that record what they do, for <see cref="Ops.Backward"/>.</summary>
    /// <param name="parallelism">Threads; one when null.</param>
    public abstract Ops Record(Parallelism? parallelism = null);
}
