using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Streaming;

namespace FlowVocoder.Tests.Models;

/// <summary>A compact model with a fixed mel and fixed phase: the whole chain between speech and latents, one call a direction.</summary>
internal sealed class CompactChain
{
    private readonly CompactVocoder _model;
    private readonly FlowCondition _condition;
    private readonly float[] _a = [];

    public CompactChain(CompactVocoder model, int frames, float meanMel) : this(model, RandomMel(model, frames, meanMel)) { }

    /// <summary>A chain for a mel [bands, frames + look-ahead].</summary>
    public CompactChain(CompactVocoder model, float[] all)
    {
        _model = model;
        int bands = model.Recipe.Bands, skip = model.LookAheadFrames, total = all.Length / bands, frames = total - skip, hop = model.Recipe.HopSize;
        Mel = new float[bands * frames];
        for (int b = 0; b < bands; b++) all.AsSpan(b * total, frames).CopyTo(Mel.AsSpan(b * frames));
        var mel = new Tensor(1, bands, total);
        model.NormalizeMel(all, mel.Span);
        Samples = frames * hop;
        var ops = new CpuOps();
        PhaseFeatures? phase = model.Phase?.Rent(ops, 1, Samples / model.Config.Group);
        model.Phase?.Write([.. Enumerable.Range(0, Samples).Select(t => 0.03f * t)], 105, phase!.Value, 0, 0);
        _condition = model.Condition(ops, mel, skip, phase)!.Value;
        if (model.Filter == null) return;
        MelLinearPredictor predictor = model.NewPredictor()!;
        (_a, Gains) = (new float[frames * predictor.BlocksPerHop * predictor.Order], new float[frames * predictor.BlocksPerHop]);
        predictor.Compute(Mel, frames, _a, Gains);
    }

    private static float[] RandomMel(CompactVocoder model, int frames, float mean)
    {
        float[] all = StreamRuns.BandMajor(StreamRuns.Mel(frames + model.LookAheadFrames, model.Recipe.Bands, 5), model.Recipe.Bands);
        for (int i = 0; i < all.Length; i++) all[i] += mean + 5f;
        return all;
    }

    public int Samples { get; }

    /// <summary>[bands, frames].</summary>
    public float[] Mel { get; }

    /// <summary>Gains of linear prediction.</summary>
    public float[] Gains { get; } = [];

    public (IReadOnlyList<Tensor> Latents, double LogDet) Forward(Ops ops, ReadOnlySpan<float> x)
    {
        Tensor excitation = Tensor.From(x, 1, 1, x.Length);
        double logDet = 0;
        if (_model.Filter != null)
        {
            _model.Filter.Analyze(x, _a, Gains, new float[_model.Filter.Order], excitation.Span);
            logDet = _model.Filter.LogDeterminant(Gains, x.Length);
        }
        var result = _model.Stack.Forward(ops, ops.Fold(excitation, _model.Config.Group), _condition);
        return (result.Latents, logDet + result.LogDets.Sum(layer => (double)layer.LogDet.Item));
    }

    public float[] Inverse(Ops ops, IReadOnlyList<Tensor> latents)
    {
        float[] x = ops.Unfold(_model.Stack.Inverse(ops, latents, _condition), _model.Config.Group).Span.ToArray();
        _model.Filter?.Synthesize(x, _a, Gains, new float[_model.Filter.Order], x);
        return x;
    }
}
