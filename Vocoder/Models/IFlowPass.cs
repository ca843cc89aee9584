namespace FlowVocoder.Models;

/// <summary>
/// A signal on its way through the flow of a voice, one way or the other, stretch by stretch from its start: what layers remember goes from one stretch to the
/// next. A model that sees both ways is given all of it at once.
/// </summary>
internal interface IFlowPass
{
    /// <summary>Speech to noise.</summary>
    /// <param name="told">What the flow is told.</param>
    /// <param name="audio">Whole frames of samples.</param>
    /// <returns>Valid until the next call.</returns>
    FlowStretch Forward(Told told, ReadOnlySpan<float> audio);

    /// <summary>Noise to speech.</summary>
    /// <param name="told">What the flow is told.</param>
    /// <param name="z">[group, steps] of the stretch.</param>
    /// <param name="audio">As many samples.</param>
    void Inverse(Told told, ReadOnlySpan<float> z, Span<float> audio);
}

/// <summary>What a flow is told of a stretch of a signal.</summary>
/// <param name="mel">See <see cref="Mel"/>.</param>
/// <param name="phase">See <see cref="Phase"/>.</param>
/// <param name="f0">See <see cref="F0"/>.</param>
internal readonly ref struct Told(ReadOnlySpan<float> mel, ReadOnlySpan<float> phase, ReadOnlySpan<float> f0)
{
    /// <summary>[n, bands], as recipes give it: the frames of the stretch, each a look-ahead later. The first stretch brings the look-ahead with it.</summary>
    public ReadOnlySpan<float> Mel { get; } = mel;

    /// <summary>φ of each sample in radians; empty for a voice that is told none.</summary>
    public ReadOnlySpan<float> Phase { get; } = phase;

    /// <summary>F0 of each frame in Hz, 0 where unvoiced; empty for a voice that is told none.</summary>
    public ReadOnlySpan<float> F0 { get; } = f0;
}

/// <summary>What a stretch of speech has become.</summary>
/// <param name="Z">[group, steps], what leaves the flow early first.</param>
/// <param name="LogDets">Log-determinants of the layers in nats, from the samples inwards.</param>
internal sealed record FlowStretch(ReadOnlyMemory<float> Z, IReadOnlyList<(string Layer, double LogDet)> LogDets)
{
    /// <summary>Σ z².</summary>
    public double Squares
    {
        get
        {
            double sum = 0;
            foreach (float z in Z.Span) sum += (double)z * z;
            return sum;
        }
    }
}
