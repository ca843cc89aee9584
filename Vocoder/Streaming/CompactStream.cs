using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Generation by a <see cref="CompactVocoder"/>. Every layer is causal once the mel encoder has its look-ahead, so cached convolutions,
/// the phase accumulator and the memory of linear prediction are the whole state, and nothing is computed twice.
/// </summary>
internal sealed class CompactStream : VocoderStream
{
    private readonly CompactVocoder _model;
    private readonly SynthesisOptions _options;
    private readonly StreamState _state = new();
    private readonly CpuOps _ops;
    private readonly Philox _noise;
    private readonly PhaseAccumulator? _phase;
    private readonly MelLinearPredictor? _predictor;
    private readonly float[] _history, _a, _g, _last, _tail;
    private readonly Tensor[] _latents;
    private readonly Func<int, Tensor> _phaseFeatures;
    // Mel frames and F0 values of frames whose samples have not come out yet, with one mel frame before them.
    private float[] _mel = [], _f0 = [];
    private int _melCount, _f0Count;
    private long _pushed, _done;

    public CompactStream(CompactVocoder model, SynthesisOptions options, Parallelism parallelism)
    {
        options.Validate();
        if (options.PitchShift != 0 && !model.UsesPhase)
            throw new VocoderException(FormattableString.Invariant($"the pitch shift is {options.PitchShift} semitones, expected 0: this voice has no phase condition"));
        (_model, _options) = (model, options);
        _ops = new CpuOps(parallelism, state: _state);
        _noise = new Philox(options.Seed);
        if (model.UsesPhase) _phase = new PhaseAccumulator(model.Recipe);
        if (model.Filter != null) _predictor = model.NewPredictor();
        int blocks = _predictor?.BlocksPerHop ?? 0, order = _predictor?.Order ?? 0;
        (_history, _a, _g, _last, _tail) = (new float[order], new float[blocks * order], new float[blocks], new float[Bands], new float[LookAheadFrames * Bands]);
        (_latents, _phaseFeatures) = (new Tensor[model.Stack.LatentChannels.Count], PhaseFeatures);
        Reset();
    }

    public override int Bands => _model.Recipe.Bands;

    public override int HopSize => _model.Recipe.HopSize;

    public override int LookAheadFrames => _model.LookAheadFrames;

    public override void Reset()
    {
        _state.Clear();
        (_melCount, _f0Count, _pushed, _done) = (0, 0, 0, 0);
        Array.Clear(_history);
        // Any start is as good as another: the mel does not say when the glottis first pulsed.
        _phase?.Reset(2 * Math.PI * _noise.Uniform(uint.MaxValue, 0, 0));
    }

    public override int Push(ReadOnlySpan<float> frames, Span<float> samples)
    {
        if (frames.Length % Bands != 0) throw new ArgumentException($"{frames.Length} values are no whole number of frames of {Bands} bands", nameof(frames));
        if (frames.IsEmpty) return 0;
        frames[^Bands..].CopyTo(_last);
        return Advance(frames, samples);
    }

    public override int Flush(Span<float> samples)
    {
        if (_pushed == 0) return 0;
        for (int i = 0; i < LookAheadFrames; i++) _last.CopyTo(_tail, i * Bands);
        return Advance(_tail, samples);
    }

    private int Advance(ReadOnlySpan<float> frames, Span<float> samples)
    {
        int count = frames.Length / Bands, skip = (int)Math.Max(0, Math.Min(count, LookAheadFrames - _pushed)), ready = count - skip;
        if (samples.Length < ready * HopSize) throw new ArgumentException($"room for {samples.Length} samples, expected {ready * HopSize}", nameof(samples));
        Append(ref _mel, ref _melCount, frames);
        Tensor mel = LoadMel(frames, count);
        PredictPitch(mel, count);
        Tensor? condition = _model.Condition(_ops, mel, skip, _phaseFeatures);
        _pushed += count;
        if (condition != null) Generate(condition, ready, samples);
        _ops.Reset();
        return ready * HopSize;
    }

    private Tensor LoadMel(ReadOnlySpan<float> frames, int count)
    {
        Tensor mel = _ops.Rent(1, Bands, count);
        Span<float> normalized = stackalloc float[Bands];
        for (int i = 0; i < count; i++)
        {
            _model.NormalizeMel(frames.Slice(i * Bands, Bands), normalized);
            for (int b = 0; b < Bands; b++) mel.Row(0, b)[i] = normalized[b];
        }
        return mel;
    }

    private void PredictPitch(Tensor mel, int count)
    {
        if (_model.Pitch == null) return;
        var (bins, voicing) = _model.Pitch.Apply(_ops, mel);
        Span<float> value = stackalloc float[1];
        for (int i = 0; i < count; i++)
        {
            if (_pushed + i < PitchPredictor.LookAhead) continue;
            value[0] = PitchPredictor.Decode(bins, voicing, 0, i);
            Append(ref _f0, ref _f0Count, value);
        }
    }

    private Tensor PhaseFeatures(int groups)
    {
        int groupsPerFrame = HopSize / _model.Config.Group, frames = groups / groupsPerFrame;
        Tensor features = _ops.Rent(1, _model.Phase!.Features, groups);
        Span<float> phase = stackalloc float[HopSize];
        for (int i = 0; i < frames; i++)
        {
            _phase!.Advance(_f0.AsSpan(i, 2), phase, Math.Pow(2, _options.PitchShift / 12));
            _model.Phase.Write(phase, _f0[i] > 0, features, 0, i * groupsPerFrame);
        }
        Remove(_f0, ref _f0Count, frames);
        return features;
    }

    private void Generate(Tensor condition, int frames, Span<float> samples)
    {
        long step = _done * (HopSize / _model.Config.Group);
        _model.Stack.DrawLatents(_ops, 1, condition.Length, _noise, 0, step, _options.Sigma, _latents);
        Tensor excitation = _ops.Unfold(_model.Stack.Inverse(_ops, _latents, condition), _model.Config.Group);
        for (int i = 0; i < frames; i++)
            Filter(excitation.Span.Slice(i * HopSize, HopSize), samples.Slice(i * HopSize, HopSize));
    }

    // The outermost flow, from excitation to speech, for the oldest frame that is not done; then the frame before it is forgotten.
    private void Filter(ReadOnlySpan<float> excitation, Span<float> samples)
    {
        int current = _done == 0 ? 0 : 1;
        if (_predictor == null) excitation.CopyTo(samples);
        else
        {
            Span<float> Frame(int index) => _mel.AsSpan(index * Bands, Bands);
            _predictor.Hop(Frame(0), Frame(current), Frame(current + 1), _a, _g);
            _model.Filter!.Synthesize(excitation, _a, _g, _history, samples);
        }
        if (_done > 0) Remove(_mel, ref _melCount, Bands);
        _done++;
    }

    private static void Append(ref float[] queue, ref int count, ReadOnlySpan<float> values)
    {
        if (count + values.Length > queue.Length) Array.Resize(ref queue, Math.Max(2 * queue.Length, count + values.Length));
        values.CopyTo(queue.AsSpan(count));
        count += values.Length;
    }

    private static void Remove(float[] queue, ref int count, int removed)
    {
        queue.AsSpan(removed, count - removed).CopyTo(queue);
        count -= removed;
    }
}
