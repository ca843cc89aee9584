using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// F0 and voicing from a mel: a classifier over log-spaced bins, read out by a local mean, and two classes of voicing. Causal with one frame
/// of look-ahead: output i is computed when frame i + 1 has been seen.
/// </summary>
internal sealed class PitchPredictor
{
    /// <summary>Number of F0 bins.</summary>
    public const int Bins = 96;

    /// <summary>Frames of look-ahead.</summary>
    public const int LookAhead = 1;

    /// <summary>Hz of the first and of the last bin.</summary>
    internal const double LowestHz = 70, HighestHz = 420;

    /// <summary>Bins on either side of the likeliest that the mean is taken of. On held-out speech 3 bins, 100 cents, were better than 2 or 4.</summary>
    internal const int MeanRadius = 3;

    /// <summary>Bins from one F0 to e times as much.</summary>
    internal static readonly double BinsPerLog = (Bins - 1) / Math.Log(HighestHz / LowestHz);
    private readonly ConvLayer[] _hidden;
    private readonly ConvLayer _output;

    public PitchPredictor(ParameterSet parameters, int bands, int channels)
    {
        _hidden =
        [
            new ConvLayer(parameters.Scope("0"), bands, channels, taps: 3),
            new ConvLayer(parameters.Scope("1"), channels, channels, taps: 3),
            new ConvLayer(parameters.Scope("2"), channels, channels, taps: 3),
        ];
        _output = new ConvLayer(parameters.Scope("3"), channels, Bins + 2);
    }

    /// <summary>Multiply-accumulates per mel frame.</summary>
    public long MacsPerFrame => _hidden.Sum(layer => layer.MacsPerStep) + _output.MacsPerStep;

    /// <summary>Past frames seen by an output.</summary>
    public int Past => _hidden.Sum(layer => layer.Past);

    /// <summary>
    /// Normalised mel [b, bands, frames] → log-probabilities of the bins [b, 96, frames] and of unvoiced and voiced [b, 2, frames], delayed by the look-ahead.
    /// </summary>
    public (Tensor Bins, Tensor Voicing) Apply(Ops ops, Tensor mel)
    {
        Tensor x = mel;
        foreach (ConvLayer layer in _hidden) x = ops.LeakyRelu(layer.Apply(ops, x));
        Tensor output = _output.Apply(ops, x);
        return (ops.LogSoftmax(ops.Slice(output, 0, Bins)), ops.LogSoftmax(ops.Slice(output, Bins, 2)));
    }

    /// <summary>Writes the target of a frame for cross-entropy: weights of the bins around <paramref name="hz"/>, which sum to 1.</summary>
    public static void WriteTarget(float hz, Tensor bins, int batch, int frame)
    {
        double centre = Math.Clamp(BinsPerLog * Math.Log(hz / LowestHz), 0, Bins - 1), sum = 0;
        for (int i = 0; i < Bins; i++) sum += Weight(i - centre);
        for (int i = 0; i < Bins; i++) bins.Row(batch, i)[frame] = (float)(Weight(i - centre) / sum);
    }

    // One bin is 33 cents, about the accuracy of the tracker that makes the targets.
    private static double Weight(double distance) => Math.Exp(-0.5 * distance * distance);

    /// <summary>F0 in Hz of a frame, 0 when unvoiced is more likely: the mean of log F0 around the likeliest bin.</summary>
    public static float Decode(Tensor bins, Tensor voicing, int batch, int frame)
    {
        if (voicing.Row(batch, 0)[frame] > voicing.Row(batch, 1)[frame]) return 0f;
        int best = 0;
        for (int i = 1; i < Bins; i++)
            if (bins.Row(batch, i)[frame] > bins.Row(batch, best)[frame]) best = i;
        double sum = 0, mean = 0;
        for (int i = Math.Max(0, best - MeanRadius); i <= Math.Min(Bins - 1, best + MeanRadius); i++)
        {
            double p = Math.Exp(bins.Row(batch, i)[frame]);
            sum += p;
            mean += p * i;
        }
        return (float)(LowestHz * Math.Exp(mean / sum / BinsPerLog));
    }
}
