using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// The likelihood of a recording under a <see cref="CompactVocoder"/>, in chunks: every layer is causal, and what it remembers of a chunk is its state, as in a
/// stream that speaks. Chunks have a length of their own, so that the sums are the same however the recording comes in.
/// </summary>
internal sealed class CompactScorer
{
    private const int ChunkFrames = 128;

    private readonly CompactVocoder _model;
    private readonly Ops _ops;
    private readonly MelLinearPredictor? _predictor;
    private readonly PhaseStream? _phaseStream;
    private readonly float[] _f0, _history, _a, _g;
    private readonly int _frames;
    private readonly uint _estimate;
    // What waits: mel frames from one before the next chunk on, samples and their phases from there on.
    private float[] _mel = [], _audio = [], _phase = [];
    private int _melCount, _audioCount, _phaseCount, _done;
    private readonly List<string> _layers = [];
    private readonly List<double> _logDets = [];
    private double _prediction, _squares;

    /// <summary>Begins a recording.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Samples to come.</param>
    /// <param name="melFrames">Mel frames to come.</param>
    /// <param name="f0">[melFrames] Hz, 0 where unvoiced; empty for a model without phase.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="estimate">Number of the estimate, where a log-determinant is one.</param>
    /// <exception cref="VocoderException">There is not one whole frame to score.</exception>
    public CompactScorer(CompactVocoder model, int samples, int melFrames, float[] f0, Parallelism parallelism, uint estimate = 0)
    {
        int hop = model.Recipe.HopSize;
        _frames = Math.Min(samples / hop, melFrames);
        if (_frames == 0)
            throw new VocoderException($"there is nothing to score: {samples} samples and {melFrames} mel frames, expected at least {hop} and 1");
        (_model, _f0, _ops) = (model, f0, model.Engine.Compute(parallelism, new StreamState()));
        _estimate = estimate;
        _predictor = model.NewPredictor();
        _history = new float[model.Filter?.Order ?? 0];
        int blocks = ChunkFrames * (_predictor?.BlocksPerHop ?? 0);
        (_a, _g) = (new float[blocks * _history.Length], new float[blocks]);
        if (model.Phase != null) _phaseStream = new PhaseTracker(model.Recipe).NewStream(f0);
    }

    private int Bands => _model.Recipe.Bands;

    private int Hop => _model.Recipe.HopSize;

    // The frame before the next chunk is kept.
    private int Before => _done == 0 ? 0 : 1;

    /// <summary>Takes in the next frames, [n, bands], and the next samples; neither need fit the other.</summary>
    public void Push(ReadOnlySpan<float> frames, ReadOnlySpan<float> samples)
    {
        if (_done == _frames) return;
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        FrameQueue.Append(ref _audio, ref _audioCount, samples);
        _phaseStream?.Push(samples, FrameQueue.Extend(ref _phase, ref _phaseCount, _phaseStream.Count(samples.Length)));
        while (_frames - _done > ChunkFrames && HasComeFor(ChunkFrames)) Score(ChunkFrames);
    }

    /// <summary>Ends the recording.</summary>
    /// <exception cref="VocoderException">Less came than was said.</exception>
    public Likelihood Finish()
    {
        // Both queues lose the same, so that they differ by what the low-pass held back.
        _phaseStream?.Flush(FrameQueue.Extend(ref _phase, ref _phaseCount, _audioCount - _phaseCount));
        // Beyond its end the last frame goes on.
        while (_melCount > 0 && _melCount / Bands - Before < _frames - _done + _model.LookAheadFrames)
            FrameQueue.Append(ref _mel, ref _melCount, _mel.AsSpan(_melCount - Bands, Bands).ToArray());
        while (_done < _frames)
        {
            int count = Math.Min(ChunkFrames, _frames - _done);
            if (!HasComeFor(count)) throw new VocoderException("the recording is shorter than it was: it has changed while it was read");
            Score(count);
        }
        return Result();
    }

    private Likelihood Result()
    {
        int samples = _frames * Hop;
        var parts = new List<(string, double)>();
        if (_model.Filter != null) parts.Add(("linear prediction", _prediction / samples));
        for (int i = 0; i < _layers.Count; i++) parts.Add((_layers[i], _logDets[i] / samples));
        parts.Add(("z", -0.5 * _squares / samples - CompactVocoder.HalfLog2Pi));
        return new Likelihood(samples, parts.Sum(p => p.Item2), parts);
    }

    private bool HasComeFor(int frames) => _melCount / Bands - Before >= frames + _model.LookAheadFrames && _audioCount >= frames * Hop
        && (_phaseStream == null || _phaseCount >= frames * Hop);

    private void Score(int frames)
    {
        Tensor excitation = _ops.Rent(1, 1, frames * Hop);
        _audio.AsSpan(0, excitation.Length).CopyTo(excitation.Span);
        if (_model.Filter != null) Analyze(excitation.Span, frames);
        Tensor mel = NextMel(frames);
        FlowCondition condition = _model.Condition(_ops, mel, mel.Length - frames, _phaseStream == null ? null : NextPhase(frames))!.Value;
        condition = condition with { Draw = _estimate << 24 | (uint)(_done / ChunkFrames) };
        FlowResult result = _model.Stack.Forward(_ops, _ops.Fold(excitation, _model.Config.Group), condition);
        for (int i = 0; i < result.LogDets.Count; i++)
        {
            if (_done == 0)
            {
                _layers.Add(result.LogDets[i].Flow);
                _logDets.Add(0);
            }
            _logDets[i] += _ops.ReadItem(result.LogDets[i].LogDet);
        }
        foreach (Tensor z in result.Latents) _squares += _ops.ReadItem(_ops.SumSquares(z));
        _ops.Reset();
        FrameQueue.Remove(_mel, ref _melCount, (Before + frames - 1) * Bands);
        FrameQueue.Remove(_audio, ref _audioCount, frames * Hop);
        if (_phaseStream != null) FrameQueue.Remove(_phase, ref _phaseCount, frames * Hop);
        _done += frames;
    }

    // Speech to excitation in place.
    private void Analyze(Span<float> audio, int frames)
    {
        int blocks = _predictor!.BlocksPerHop, taps = blocks * _predictor.Order;
        ReadOnlySpan<float> Frame(int index) => _mel.AsSpan(index * Bands, Bands);
        for (int i = 0, current = Before; i < frames; i++, current++)
            _predictor.Hop(Frame(Math.Max(0, current - 1)), Frame(current), Frame(current + 1), _a.AsSpan(i * taps, taps), _g.AsSpan(i * blocks, blocks));
        _model.Filter!.Analyze(audio, _a, _g, _history, audio);
        _prediction += _model.Filter.LogDeterminant(_g.AsSpan(0, frames * blocks), audio.Length);
    }

    // The frames that the encoder has not seen, normalised.
    private Tensor NextMel(int frames)
    {
        int seen = _done == 0 ? 0 : _model.LookAheadFrames, count = frames + _model.LookAheadFrames - seen;
        Tensor mel = _ops.Rent(1, Bands, count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> frame = _mel.AsSpan((Before + seen + i) * Bands, Bands);
            for (int b = 0; b < Bands; b++) mel.Row(0, b)[i] = frame[b];
        }
        _model.NormalizeMel(mel.Span, mel.Span);
        return mel;
    }

    private PhaseFeatures NextPhase(int frames)
    {
        int steps = Hop / _model.Config.Group;
        PhaseFeatures features = _model.Phase!.Rent(_ops, 1, frames * steps);
        for (int i = 0; i < frames; i++) _model.Phase.Write(_phase.AsSpan(i * Hop, Hop), _f0[_done + i], features, 0, i * steps);
        return features;
    }
}
