using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// A pass through a <see cref="CompactVocoder"/> by the operations of its engine: every layer is causal, and what it remembers is their state.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="parallelism">Threads.</param>
/// <param name="estimate">Number of the estimate, where a log-determinant is one.</param>
internal sealed class CompactPass(CompactVocoder model, Parallelism parallelism, uint estimate = 0) : IFlowPass
{
    /// <summary>Name of the outermost layer.</summary>
    public const string LinearPrediction = "linear prediction";

    private readonly Ops _ops = model.Engine.Compute(parallelism, new StreamState());
    private readonly MelLinearPredictor? _predictor = model.NewPredictor();
    private readonly float[] _history = new float[model.Filter?.Order ?? 0];
    // Mel frames from one before the next stretch on.
    private float[] _mel = [];
    private int _melCount;
    private float[] _taps = [], _gains = [], _z = [];
    private uint _stretches;

    private int Bands => model.Recipe.Bands;

    private int Hop => model.Recipe.HopSize;

    /// <inheritdoc/>
    public FlowStretch Forward(Told told, ReadOnlySpan<float> audio)
    {
        int frames = audio.Length / Hop;
        var logDets = new List<(string, double)>();
        Tensor excitation = _ops.Rent(1, 1, audio.Length);
        audio.CopyTo(excitation.Span);
        if (model.Filter is { } filter)
        {
            Predict(told.Mel, frames);
            filter.Analyze(excitation.Span, _taps, _gains, _history, excitation.Span);
            logDets.Add((LinearPrediction, filter.LogDeterminant(_gains, audio.Length)));
        }
        FlowCondition condition = Condition(told, frames) with { Draw = estimate << 24 | _stretches++ };
        FlowResult result = model.Stack.Forward(_ops, _ops.Fold(excitation, model.Config.Group), condition);
        foreach (var (layer, logDet) in result.LogDets) logDets.Add((layer, _ops.ReadItem(logDet)));
        if (_z.Length < audio.Length) _z = new float[audio.Length];
        int at = 0;
        foreach (Tensor part in result.Latents)
        {
            _ops.Read(part).CopyTo(_z.AsSpan(at));
            at += part.Size;
        }
        _ops.Reset();
        return new FlowStretch(_z.AsMemory(0, audio.Length), logDets);
    }

    /// <inheritdoc/>
    public void Inverse(Told told, ReadOnlySpan<float> z, Span<float> audio)
    {
        int frames = audio.Length / Hop, group = model.Config.Group;
        Tensor latents = _ops.Rent(1, group, audio.Length / group);
        z.CopyTo(latents.Span);
        FlowCondition condition = Condition(told, frames) with { Draw = 0 };
        _ops.Read(_ops.Unfold(model.Stack.Inverse(_ops, model.Stack.Parts(_ops, latents), condition), group)).CopyTo(audio);
        _ops.Reset();
        if (model.Filter is not { } filter) return;
        Predict(told.Mel, frames);
        filter.Synthesize(audio, _taps, _gains, _history, audio);
    }

    private FlowCondition Condition(Told told, int frames)
    {
        int count = told.Mel.Length / Bands;
        Tensor mel = _ops.Rent(1, Bands, count);
        for (int b = 0; b < Bands; b++)
        {
            Span<float> row = mel.Row(0, b);
            for (int i = 0; i < count; i++) row[i] = told.Mel[i * Bands + b];
        }
        model.NormalizeMel(mel.Span, mel.Span);
        return model.Condition(_ops, mel, count - frames, Phase(told, frames))!.Value;
    }

    private PhaseFeatures? Phase(Told told, int frames)
    {
        if (model.Phase is not { } encoder) return null;
        int steps = Hop / model.Config.Group;
        PhaseFeatures features = encoder.Rent(_ops, 1, frames * steps);
        for (int i = 0; i < frames; i++) encoder.Write(told.Phase.Slice(i * Hop, Hop), told.F0[i], features, 0, i * steps);
        return features;
    }

    // The predictors of the next frames, from those and their neighbours.
    private void Predict(ReadOnlySpan<float> mel, int frames)
    {
        int before = _melCount == 0 ? 0 : 1, blocks = _predictor!.BlocksPerHop, taps = blocks * _predictor.Order;
        FrameQueue.Append(ref _mel, ref _melCount, mel);
        if (_gains.Length < frames * blocks) (_taps, _gains) = (new float[frames * taps], new float[frames * blocks]);
        ReadOnlySpan<float> Frame(int index) => _mel.AsSpan(index * Bands, Bands);
        for (int i = 0, at = before; i < frames; i++, at++)
            _predictor.Hop(Frame(Math.Max(0, at - 1)), Frame(at), Frame(at + 1), _taps.AsSpan(i * taps, taps), _gains.AsSpan(i * blocks, blocks));
        FrameQueue.Remove(_mel, ref _melCount, (before + frames - 1) * Bands);
    }
}
