using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Matching;

/// <summary>A stream whose speech is made to obey its mel, see <see cref="MelMatching"/>; each pass waits for the windows that its samples lie in.</summary>
internal sealed class MatchedStream : VocoderStream
{
    private readonly VocoderStream _voice;
    private readonly MatchingPass[] _passes;
    private readonly MelTargets _targets;
    private readonly Ops _ops;
    // Speech of the voice, and what waits until a hop is full.
    private float[] _spoken = [], _ready = [];
    private int _readyCount;

    public MatchedStream(VocoderStream voice, MelMatching matching, int passes) : base(voice.Model, voice.Options)
    {
        (_voice, _ops) = (voice, voice.Model.Engine.Compute());
        _passes = [.. Enumerable.Range(0, passes).Select(_ => new MatchingPass(matching))];
        _targets = new MelTargets(matching, Bands);
        LookAheadFrames = voice.LookAheadFrames + matching.Framing.LookAhead(passes);
    }

    /// <inheritdoc/>
    public override int LookAheadFrames { get; }

    /// <inheritdoc/>
    public override int ChunkFrames => _voice.ChunkFrames;

    /// <inheritdoc/>
    public override int StepFrames => _voice.StepFrames;

    private protected override void Clear()
    {
        _voice.Reset();
        foreach (MatchingPass pass in _passes) pass.Clear();
        _targets.Clear();
        _readyCount = 0;
    }

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        _targets.Append(frames);
        Reserve(_voice.SamplesAfter(frames.Length / Bands));
        Match(_spoken.AsSpan(0, _voice.Push(frames, _spoken)));
        Take(samples[..(ready * HopSize)]);
    }

    private protected override void RenderRest(int ready, Span<float> samples)
    {
        Reserve(_voice.LookAheadFrames * HopSize);
        Match(_spoken.AsSpan(0, _voice.Flush(_spoken)));
        Finish();
        Take(samples[..(ready * HopSize)]);
    }

    /// <inheritdoc/>
    /// <remarks>The voice may use several threads; its samples come in order, and are matched as they come.</remarks>
    internal override void SpeakWhole(ReadOnlyMemory<float> mel, Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation)
    {
        // As in a stream a frame is known before its samples come.
        float[] frames = [];
        int taken = 0;
        void Hand()
        {
            if (_readyCount > 0) sink(_ready.AsMemory(0, _readyCount));
            _readyCount = 0;
        }
        _voice.SpeakWhole(mel, samples =>
        {
            int count = samples.Length / HopSize;
            if (frames.Length < count * Bands) frames = new float[count * Bands];
            MelColumns.Copy(mel.Span, Bands, taken, frames.AsSpan(0, count * Bands));
            _targets.Append(frames.AsSpan(0, count * Bands));
            taken += count;
            Match(samples.Span);
            Hand();
        }, cancellation);
        Finish();
        Hand();
    }

    private protected override void ExchangeState(StateExchange state)
    {
        _voice.Exchange(state);
        state.Require(_voice.FramesPushed == FramesPushed && _voice.FramesRendered - FramesRendered is >= 0 and var ahead && ahead <= LookAheadFrames,
            $"voice and matching apart");
        long received = _voice.SamplePosition;
        foreach (MatchingPass pass in _passes) received = pass.Exchange(state, received, HasEnded);
        _targets.Exchange(state, FramesPushed, OldestTarget, HasEnded);
        state.Queue(ref _ready, ref _readyCount, received - SamplePosition);
    }

    private void Match(ReadOnlySpan<float> samples)
    {
        Match(0, samples);
        _targets.Forget(OldestTarget);
    }

    // The last pass is behind all others.
    private long OldestTarget => _passes[^1].OldestTarget;

    // Through the passes from one on; what the last gives is ready.
    private void Match(int pass, ReadOnlySpan<float> samples)
    {
        for (; pass < _passes.Length; pass++) samples = _passes[pass].Push(_ops, samples, _targets);
        FrameQueue.Append(ref _ready, ref _readyCount, samples);
    }

    // Each pass hands the rest of its signal to those behind it, the next of which then ends its own.
    private void Finish()
    {
        for (int i = 0; i < _passes.Length; i++) Match(i + 1, _passes[i].Flush(_ops, _targets));
    }

    private void Reserve(int samples)
    {
        if (_spoken.Length < samples) _spoken = new float[samples];
    }

    private void Take(Span<float> samples)
    {
        _ready.AsSpan(0, samples.Length).CopyTo(samples);
        FrameQueue.Remove(_ready, ref _readyCount, samples.Length);
    }
}
