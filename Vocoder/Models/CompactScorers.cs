namespace FlowVocoder.Models;

/// <summary>One <see cref="CompactScorer"/>, or several side by side where the log-determinant is estimated by chance.</summary>
internal sealed class CompactScorers
{
    private const int Estimates = 4;
    private readonly CompactScorer[] _scorers;

    /// <inheritdoc cref="CompactScorer(CompactVocoder, IFlowPass, int, int, float[])"/>
    /// <param name="newPass">Makes the way through the flow for the estimate of that number.</param>
    public CompactScorers(CompactVocoder model, Func<uint, IFlowPass> newPass, int samples, int melFrames, float[] f0) =>
        _scorers = [.. Enumerable.Range(0, model.Stack.Continuous == null ? 1 : Estimates)
            .Select(i => new CompactScorer(model, newPass((uint)i), samples, melFrames, f0))];

    /// <inheritdoc cref="CompactScorer.Push"/>
    public void Push(ReadOnlySpan<float> frames, ReadOnlySpan<float> samples)
    {
        foreach (CompactScorer scorer in _scorers) scorer.Push(frames, samples);
    }

    /// <inheritdoc cref="CompactScorer.Finish"/>
    public Likelihood Finish() => _scorers is [var scorer] ? scorer.Finish() : Likelihood.Mean([.. _scorers.Select(scorer => scorer.Finish())]);
}
