namespace FlowVocoder.Models;

/// <summary>A recording that can be gone through from its beginning as often as it takes, in pieces: one that is too long to be held.</summary>
public interface ISampleSource
{
    /// <summary>Hands all samples to <paramref name="next"/>, in order, in pieces of any lengths; every time the same samples.</summary>
    /// <param name="next">Takes the next samples, mono at the rate of the recipe, full scale ±1; a piece is valid for the length of the call.</param>
    void ReadThrough(Action<ReadOnlySpan<float>> next);
}
