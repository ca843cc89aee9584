using FlowVocoder.Compute;

namespace FlowVocoder.Streaming;

/// <summary>A model that speaks a stretch of a mel at a time and needs some of what lies before and after it.</summary>
internal interface IWindowedModel
{
    /// <summary>The first frame that generation has to begin with so that the samples of <paramref name="frame"/> do not feel the cut.</summary>
    long ContextStart(long frame);

    /// <summary>Speaks mel [1, bands, n], whose first frame is that of a signal, as [1, 1, samples], the last of which may be missing.</summary>
    Tensor Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options);
}
