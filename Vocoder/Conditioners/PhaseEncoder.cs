using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Conditioners;

/// <summary>
/// The phase of the fundamental as a condition. A mel says how fast the glottis pulses but not when; with the phase φ(t) given, the flow
/// need not average over it. Features of a group of samples: a voicing flag, cos kφ and sin kφ at some positions in the group; and beside them, where the
/// configuration names bands, their harmonics as signals, for <see cref="HarmonicShift"/>: at amplitude 1 each as strong as white noise of variance 1 is.
/// </summary>
internal sealed class PhaseEncoder
{
    private readonly ConvLayer _first, _second;
    private readonly int[] _harmonics;
    private readonly int _positions, _group, _highest, _sampleRate;
    private readonly float[] _bands;

    public PhaseEncoder(ParameterSet parameters, CompactConfig config, int sampleRate)
    {
        (_harmonics, _positions, _group, _highest) = (config.Harmonics, config.PhasePositions, config.Group, config.Harmonics.Max());
        (_bands, _sampleRate) = (config.HarmonicBands, sampleRate);
        _first = new ConvLayer(parameters.Scope("0"), Features, config.ConditionChannels, taps: 3);
        _second = new ConvLayer(parameters.Scope("1"), config.ConditionChannels, config.ConditionChannels);
    }

    /// <summary>Channels of the features.</summary>
    public int Features => 1 + 2 * _harmonics.Length * _positions;

    /// <summary>Signals of the harmonics of bands, cosines and sines; 0 where there are none.</summary>
    public int Signals => 2 * _bands.Length;

    /// <summary>Room for the phase of some groups of samples, to be written.</summary>
    public PhaseFeatures Rent(Ops ops, int batch, int groups) =>
        new(ops.Rent(batch, Features, groups), Signals == 0 ? null : ops.Rent(batch, Signals, groups * _group));

    /// <summary>Multiply-accumulates per group of samples.</summary>
    public long MacsPerStep => _first.MacsPerStep + _second.MacsPerStep;

    /// <summary>Past groups seen by an output.</summary>
    public int Past => _first.Past;

    /// <summary>Writes the features of consecutive groups of one frame.</summary>
    /// <param name="phase">φ of each sample, radians; a whole number of groups.</param>
    /// <param name="hz">F0 of the frame; 0 where it is unvoiced, and then all is 0.</param>
    /// <param name="target">Where to write.</param>
    /// <param name="batch">Batch item to write.</param>
    /// <param name="step">First group to write.</param>
    public void Write(ReadOnlySpan<float> phase, float hz, PhaseFeatures target, int batch, int step)
    {
        int steps = phase.Length / _group;
        var (features, signals) = target;
        if (!(hz > 0))
        {
            for (int channel = 0; channel < Features; channel++) features.Row(batch, channel).Slice(step, steps).Clear();
            for (int j = 0; j < Signals; j++) signals!.Row(batch, j).Slice(step * _group, phase.Length).Clear();
            return;
        }
        features.Row(batch, 0).Slice(step, steps).Fill(1f);
        Span<(double Cos, double Sin)> multiples = stackalloc (double, double)[_highest + 1];
        for (int t = 0; t < steps; t++)
            for (int p = 0; p < _positions; p++)
            {
                Multiples(phase[t * _group + (2 * p + 1) * _group / (2 * _positions)], multiples);
                for (int h = 0; h < _harmonics.Length; h++)
                {
                    var (cos, sin) = multiples[_harmonics[h]];
                    int channel = 1 + 2 * (p * _harmonics.Length + h);
                    (features.Row(batch, channel)[step + t], features.Row(batch, channel + 1)[step + t]) = ((float)cos, (float)sin);
                }
            }
        if (signals != null) HarmonicBands.Write(phase, hz, _bands, 2 * MathF.Sqrt(hz / _sampleRate), signals, batch, step * _group);
    }

    // cos kφ and sin kφ for k = 0, 1, …, each from the one before: (cos + i·sin)^k.
    private static void Multiples(double angle, Span<(double Cos, double Sin)> multiples)
    {
        var (sin, cos) = Math.SinCos(angle);
        multiples[0] = (1, 0);
        for (int k = 1; k < multiples.Length; k++)
        {
            var (c, s) = multiples[k - 1];
            multiples[k] = (c * cos - s * sin, s * cos + c * sin);
        }
    }

    /// <summary>The features, encoded and added to the condition of the mel [b, conditionChannels, groups], and the signals as they are.</summary>
    public FlowCondition Apply(Ops ops, PhaseFeatures phase, Tensor melCondition) =>
        new(_second.Apply(ops, ops.LeakyRelu(_first.Apply(ops, phase.Features)), melCondition), phase.Signals);
}

/// <summary>What a <see cref="PhaseEncoder"/> writes of the phase.</summary>
/// <param name="Features">[batch, <see cref="PhaseEncoder.Features"/>, groups].</param>
/// <param name="Signals">[batch, <see cref="PhaseEncoder.Signals"/>, samples], or null where there are none.</param>
internal readonly record struct PhaseFeatures(Tensor Features, Tensor? Signals);
