using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Generation by a <see cref="CompactVocoder"/>. Every layer is causal once the mel encoder has its look-ahead, so cached convolutions,
/// the phase accumulator and the memory of linear prediction are the whole state, and nothing is computed twice.
/// </summary>
internal sealed class CompactStream : VocoderStream
{
    private readonly CompactVocoder _model;
    private readonly Parallelism _parallelism;
    private readonly StreamState _state = new();
    private readonly Philox _noise;
    private readonly PhaseAccumulator? _phase;
    private readonly float[] _history, _last, _tail;
    // Where the chunks of several threads pass in order: what waits in queues and the phase, and from excitation to speech.
    private readonly Turn _entry = new(), _exit = new();
    // Mel frames and F0 values of frames whose samples have not come out yet, with one mel frame before them.
    private float[] _mel = [], _f0 = [];
    private int _melCount, _f0Count;
    private CompactTools? _tools;

    public CompactStream(CompactVocoder model, SynthesisOptions options, Parallelism parallelism) : base(model, options)
    {
        if (options.PitchShift != 0 && !model.UsesPhase)
            throw new VocoderException(FormattableString.Invariant(
                $"the pitch shift is {options.PitchShift} semitones, expected 0: this voice has no phase condition"));
        (_model, _parallelism, _noise) = (model, parallelism, new Philox(options.Seed));
        if (model.UsesPhase) _phase = new PhaseAccumulator(model.Recipe);
        (_history, _last, _tail) = (new float[model.Filter?.Order ?? 0], new float[Bands], new float[LookAheadFrames * Bands]);
        Clear();
    }

    /// <summary>What the layers of a model remember of a signal that is under way, by their places.</summary>
    public static IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> Shapes(CompactVocoder model)
    {
        var stream = new CompactStream(model, new SynthesisOptions(), new Parallelism(1));
        int frames = model.LookAheadFrames + 2;
        var silence = new float[frames * stream.Bands];
        silence.AsSpan().Fill((float)model.Recipe.LowestValue);
        stream.Push(silence, new float[frames * stream.HopSize]);
        return stream._state.Slots.ToDictionary(slot => slot.Name, slot => (slot.Values.Batch, slot.Values.Channels, slot.Values.Length));
    }

    // Those of who pushes; a mel that is spoken as a whole needs none.
    private CompactTools Tools => _tools ??= new CompactTools(_model, _model.Engine.Compute(_parallelism, _state));

    private protected override void Clear()
    {
        _state.Clear();
        (_melCount, _f0Count) = (0, 0);
        Array.Clear(_history);
        // Any start is as good as another: the mel does not say when the glottis first pulsed.
        _phase?.Reset(2 * Math.PI * _noise.Uniform(NoiseStreams.StartPhase, 0, 0));
    }

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        frames[^Bands..].CopyTo(_last);
        Advance(Tools, frames, FramesPushed, FramesRendered, samples, ready);
    }

    /// <inheritdoc/>
    /// <remarks>As if the last frame went on.</remarks>
    private protected override void RenderRest(int ready, Span<float> samples)
    {
        for (int i = 0; i < LookAheadFrames; i++) _last.CopyTo(_tail, i * Bands);
        Advance(Tools, _tail, FramesPushed, FramesRendered, samples, ready);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A recursion over time goes through all of its layers for every step, so that no thread could follow another. Threads that follow each other are the
    /// managed engine's own way.
    /// </remarks>
    internal override void SpeakWhole(ReadOnlyMemory<float> mel, Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation)
    {
        if (_model.Engine != Engine.Managed) base.SpeakWhole(mel, sink, cancellation);
        else new CompactPipeline(this, mel, sink, cancellation).Run(_model.GeneratesStepByStep ? new Parallelism(1) : _parallelism);
    }

    /// <inheritdoc/>
    public override int ChunkFrames => _model.Engine.ChunkFrames;

    /// <summary>
    /// Frames of a chunk of a whole mel that one thread speaks in managed code. Beside the signals of harmonics, which have a value for each sample, the
    /// cache holds half as many frames of activations.
    /// </summary>
    public int WholeChunkFrames => _model.Phase is { Signals: > 0 } ? 32 : 64;

    /// <summary>What another thread needs to work on a chunk, in a workspace of its own.</summary>
    public CompactTools NewTools(Workspace workspace) => new(_model, new CpuOps(workspace, state: _state));

    /// <summary>Lets threads that wait for the chunk of another one stop.</summary>
    public void Abandon() => _state.Abandon();

    /// <summary>
    /// Speaks one chunk of a signal that several threads share, and hands its samples to <paramref name="sink"/> after those of the chunk before.
    /// </summary>
    /// <param name="tools">What the thread works with.</param>
    /// <param name="chunk">Number of the chunk, from 0.</param>
    /// <param name="frames">[n, bands] the mel frames that come in.</param>
    /// <param name="pushed">Frames that came in before.</param>
    /// <param name="rendered">Frames that earlier chunks speak.</param>
    /// <param name="samples">Room for what this one speaks, a whole number of hops.</param>
    /// <param name="sink">Receives them.</param>
    public void Speak(CompactTools tools, int chunk, ReadOnlySpan<float> frames, long pushed, long rendered, Memory<float> samples,
        Action<ReadOnlyMemory<float>> sink)
    {
        tools.Chunk = chunk;
        Advance(tools, frames, pushed, rendered, samples.Span, samples.Length / HopSize);
        RequireSound(samples.Span, rendered);
        sink(samples);
        _exit.Pass(chunk);
    }

    // Takes in frames after so many that were pushed, and renders some after so many that were rendered. The memory of each layer passes to the next
    // chunk as soon as this one has written it, and that chunk's thread goes on there.
    private void Advance(CompactTools tools, ReadOnlySpan<float> frames, long pushed, long rendered, Span<float> samples, int ready)
    {
        int count = frames.Length / Bands, chunk = tools.Chunk;
        Tensor mel = LoadMel(tools.Ops, frames, count);
        PredictPitch(tools, mel, pushed);
        _entry.Await(chunk, _state);
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        FrameQueue.Append(ref _f0, ref _f0Count, CollectionsMarshal.AsSpan(tools.F0));
        PhaseFeatures? phase = _model.UsesPhase && ready > 0 ? IntegratePhase(tools.Ops, ready) : null;
        if (ready > 0) TakeMel(tools, rendered, ready);
        _entry.Pass(chunk);
        FlowCondition? condition = _model.Condition(tools.Ops, mel, count - ready, phase);
        if (condition is { } told)
        {
            ReadOnlySpan<float> excitation = tools.Ops.Read(Excitation(tools, told, rendered));
            tools.Predict(rendered, ready);
            _exit.Await(chunk, _state);
            if (_model.Filter == null) excitation.CopyTo(samples);
            else _model.Filter.Synthesize(excitation, tools.A, tools.G, _history, samples);
        }
        tools.Ops.Reset();
    }

    private Tensor LoadMel(Ops ops, ReadOnlySpan<float> frames, int count)
    {
        Tensor mel = ops.Rent(1, Bands, count);
        Span<float> normalized = ops.Rent(1, 1, Bands).Span;
        for (int i = 0; i < count; i++)
        {
            _model.NormalizeMel(frames.Slice(i * Bands, Bands), normalized);
            for (int b = 0; b < Bands; b++) mel.Row(0, b)[i] = normalized[b];
        }
        return mel;
    }

    private void PredictPitch(CompactTools tools, Tensor mel, long pushed)
    {
        tools.F0.Clear();
        if (_model.Pitch == null) return;
        var (bins, voicing) = _model.Pitch.Apply(tools.Ops, mel);
        (bins, voicing) = (tools.Ops.Here(bins), tools.Ops.Here(voicing));
        for (int i = pushed < PitchPredictor.LookAhead ? PitchPredictor.LookAhead - (int)pushed : 0; i < mel.Length; i++)
            tools.F0.Add(PitchPredictor.Decode(bins, voicing, 0, i));
    }

    private PhaseFeatures IntegratePhase(Ops ops, int frames)
    {
        int groupsPerFrame = HopSize / _model.Config.Group;
        PhaseFeatures features = _model.Phase!.Rent(ops, 1, frames * groupsPerFrame);
        // Not on the stack, which a long hop would overflow.
        Span<float> phase = ops.Rent(1, 1, HopSize).Span;
        double ratio = Math.Pow(2, Options.PitchShift / 12);
        for (int i = 0; i < frames; i++)
        {
            _phase!.Advance(_f0.AsSpan(i, 2), phase, ratio);
            _model.Phase.Write(phase, _f0[i] * (float)ratio, features, 0, i * groupsPerFrame);
        }
        FrameQueue.Remove(_f0, ref _f0Count, frames);
        return features;
    }

    // The frames to render with one on either side, and what no later one needs is forgotten.
    private void TakeMel(CompactTools tools, long rendered, int ready)
    {
        int before = rendered == 0 ? 0 : 1;
        tools.Take(_mel.AsSpan(0, Math.Min(_melCount, (before + ready + 1) * Bands)));
        FrameQueue.Remove(_mel, ref _melCount, (before + ready - 1) * Bands);
    }

    private Tensor Excitation(CompactTools tools, FlowCondition condition, long rendered)
    {
        long step = rendered * (HopSize / _model.Config.Group);
        _model.Stack.DrawLatents(tools.Ops, 1, condition.Length, _noise, NoiseStreams.Latents, step, Options.Sigma, tools.Latents);
        return tools.Ops.Unfold(_model.Stack.Inverse(tools.Ops, tools.Latents, condition), _model.Config.Group);
    }

    private protected override void ExchangeState(StateExchange state)
    {
        state.Slots(_state, _model.StateShapes);
        // The last frame goes on for as long as the look-ahead.
        long taken = FramesPushed + (HasEnded ? LookAheadFrames : 0);
        state.Queue(ref _mel, ref _melCount, Bands * (FramesRendered == 0 ? taken : taken - FramesRendered + 1));
        state.Queue(ref _f0, ref _f0Count, _model.Pitch == null ? 0 : Math.Max(0, taken - PitchPredictor.LookAhead) - FramesRendered);
        state.Values(_last);
        state.Values(_history);
        if (_phase == null) return;
        var (phase, hz) = _phase.State;
        state.Number(ref phase);
        state.Number(ref hz);
        _phase.State = (phase, hz);
    }
}
