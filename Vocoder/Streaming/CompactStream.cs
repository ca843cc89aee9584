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
    private readonly StreamState _state = new();
    private readonly CpuOps _ops;
    private readonly Philox _noise;
    private readonly PhaseAccumulator? _phase;
    private readonly MelLinearPredictor? _predictor;
    private readonly float[] _history, _a, _g, _last;
    private readonly Tensor[] _latents;
    private readonly Func<int, Tensor> _phaseFeatures;
    // Mel frames and F0 values of frames whose samples have not come out yet, with one mel frame before them.
    private float[] _mel = [], _f0 = [];
    // Room for the last frames and for the look-ahead that follows them.
    private float[] _tail;
    private int _melCount, _f0Count;

    public CompactStream(CompactVocoder model, SynthesisOptions options, Parallelism parallelism) : base(model, options)
    {
        if (options.PitchShift != 0 && !model.UsesPhase)
            throw new VocoderException(FormattableString.Invariant($"the pitch shift is {options.PitchShift} semitones, expected 0: this voice has no phase condition"));
        _model = model;
        _ops = new CpuOps(parallelism, state: _state);
        _noise = new Philox(options.Seed);
        if (model.UsesPhase) _phase = new PhaseAccumulator(model.Recipe);
        if (model.Filter != null) _predictor = model.NewPredictor();
        int blocks = _predictor?.BlocksPerHop ?? 0, order = _predictor?.Order ?? 0;
        (_history, _a, _g, _last, _tail) = (new float[order], new float[blocks * order], new float[blocks], new float[Bands], new float[LookAheadFrames * Bands]);
        (_latents, _phaseFeatures) = (new Tensor[model.Stack.LatentChannels.Count], PhaseFeatures);
        Clear();
    }

    private protected override void Clear()
    {
        _state.Clear();
        (_melCount, _f0Count) = (0, 0);
        Array.Clear(_history);
        // Any start is as good as another: the mel does not say when the glottis first pulsed.
        _phase?.Reset(2 * Math.PI * _noise.Uniform(uint.MaxValue, 0, 0));
    }

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        frames[^Bands..].CopyTo(_last);
        Advance(frames, ready, samples);
    }

    /// <inheritdoc/>
    /// <remarks>As if the last frame went on.</remarks>
    private protected override void RenderRest(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        int size = frames.Length + LookAheadFrames * Bands;
        if (_tail.Length < size) _tail = new float[size];
        frames.CopyTo(_tail);
        if (frames.Length > 0) frames[^Bands..].CopyTo(_last);
        for (int i = frames.Length; i < size; i += Bands) _last.CopyTo(_tail, i);
        Advance(_tail.AsSpan(0, size), ready, samples);
    }

    private void Advance(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        int count = frames.Length / Bands;
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        Tensor mel = LoadMel(frames, count);
        PredictPitch(mel, count);
        Tensor? condition = _model.Condition(_ops, mel, count - ready, _phaseFeatures);
        if (condition != null) Generate(condition, ready, samples);
        _ops.Reset();
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
            if (FramesPushed + i < PitchPredictor.LookAhead) continue;
            value[0] = PitchPredictor.Decode(bins, voicing, 0, i);
            FrameQueue.Append(ref _f0, ref _f0Count, value);
        }
    }

    private Tensor PhaseFeatures(int groups)
    {
        int groupsPerFrame = HopSize / _model.Config.Group, frames = groups / groupsPerFrame;
        Tensor features = _ops.Rent(1, _model.Phase!.Features, groups);
        Span<float> phase = stackalloc float[HopSize];
        for (int i = 0; i < frames; i++)
        {
            _phase!.Advance(_f0.AsSpan(i, 2), phase, Math.Pow(2, Options.PitchShift / 12));
            _model.Phase.Write(phase, _f0[i] > 0, features, 0, i * groupsPerFrame);
        }
        FrameQueue.Remove(_f0, ref _f0Count, frames);
        return features;
    }

    private void Generate(Tensor condition, int frames, Span<float> samples)
    {
        long step = FramesRendered * (HopSize / _model.Config.Group);
        _model.Stack.DrawLatents(_ops, 1, condition.Length, _noise, 0, step, Options.Sigma, _latents);
        Tensor excitation = _ops.Unfold(_model.Stack.Inverse(_ops, _latents, condition), _model.Config.Group);
        for (int i = 0; i < frames; i++)
            Filter(FramesRendered + i, excitation.Span.Slice(i * HopSize, HopSize), samples.Slice(i * HopSize, HopSize));
    }

    // The outermost flow, from excitation to speech, for the oldest frame that is not done; then the frame before it is forgotten.
    private void Filter(long frame, ReadOnlySpan<float> excitation, Span<float> samples)
    {
        int current = frame == 0 ? 0 : 1;
        if (_predictor == null) excitation.CopyTo(samples);
        else
        {
            Span<float> Frame(int index) => _mel.AsSpan(index * Bands, Bands);
            _predictor.Hop(Frame(0), Frame(current), Frame(current + 1), _a, _g);
            _model.Filter!.Synthesize(excitation, _a, _g, _history, samples);
        }
        if (frame > 0) FrameQueue.Remove(_mel, ref _melCount, Bands);
    }

    private protected override void ExchangeState(StateExchange state)
    {
        state.Slots(_state);
        state.Queue(ref _mel, ref _melCount);
        state.Queue(ref _f0, ref _f0Count);
        state.Values(_last);
        state.Values(_history);
        if (_phase == null) return;
        var (phase, hz) = _phase.State;
        state.Number(ref phase);
        state.Number(ref hz);
        _phase.State = (phase, hz);
    }
}
