namespace FlowVocoder.Models;

/// <summary>A frame of a mel that a <see cref="Flowtron"/> generates.</summary>
/// <param name="Values">Its bands; before a flow is undone, noise.</param>
/// <param name="Attention">Weights over the symbols of the text in each flow, in the order in which they were undone, the last flow first.</param>
public sealed record FlowtronFrame(float[] Values, IReadOnlyList<float[]> Attention);
