using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Generation by a <see cref="WaveGlow"/> or a <see cref="WaveFlow"/>. Their centred convolutions cannot keep their state, so each push generates its samples
/// together with a receptive field on either side, which is discarded: the work of a push is that of its frames and some
/// 2·<see cref="VocoderStream.LookAheadFrames"/> more. The samples are, bit by bit, those of generation from the whole mel.
/// </summary>
internal sealed class WindowedStream : VocoderStream
{
    private readonly IWindowedModel _model;
    private readonly Ops _ops;
    // Mel values, frame by frame, from frame _first on.
    private float[] _mel = [];
    private int _melCount;
    private long _first;

    public WindowedStream(VocoderModel model, SynthesisOptions options, Parallelism parallelism) : base(model, options)
    {
        if (options.PitchShift != 0)
            throw new VocoderException(FormattableString.Invariant(
                $"the pitch shift is {options.PitchShift} semitones, expected 0: a model of kind {model.Kind} takes the pitch from the mel alone"));
        (_model, _ops) = ((IWindowedModel)model, model.Engine.Compute(parallelism));
    }

    /// <inheritdoc/>
    /// <remarks>About 6 s a pass at the published size bounds memory, with 2 s of context that is computed twice.</remarks>
    public override int ChunkFrames => 512;

    /// <inheritdoc/>
    /// <remarks>As many as the look-ahead: shorter steps would spend nearly all of their work on context.</remarks>
    public override int StepFrames => Math.Clamp(LookAheadFrames, 4, ChunkFrames);

    private protected override void Clear() => (_melCount, _first) = (0, 0);

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        Generate(ready, samples);
    }

    /// <inheritdoc/>
    /// <remarks>The signal ends as published, by zeros after the last frame. Samples at the very end that fill no group are 0.</remarks>
    private protected override void RenderRest(int ready, Span<float> samples) => Generate(ready, samples);

    private protected override void ExchangeState(StateExchange state)
    {
        long first = _first;
        state.Number(ref first);
        // Where the last part that was generated had its context, however many parts that push had.
        state.Require(first >= _model.ContextStart(Math.Max(0, FramesRendered - ChunkFrames)) && first <= _model.ContextStart(FramesRendered),
            $"a position that no stream reaches");
        _first = first;
        state.Queue(ref _mel, ref _melCount, (FramesPushed - first) * Bands);
    }

    private void Generate(int frames, Span<float> samples)
    {
        for (int start = 0; start < frames; start += ChunkFrames)
        {
            int count = Math.Min(ChunkFrames, frames - start);
            GeneratePart(FramesRendered + start, count, samples.Slice(start * HopSize, count * HopSize));
        }
    }

    private void GeneratePart(long done, int frames, Span<float> samples)
    {
        long first = _model.ContextStart(done), end = Math.Min(_first + _melCount / Bands, done + frames + LookAheadFrames);
        FrameQueue.Remove(_mel, ref _melCount, (int)(first - _first) * Bands);
        _first = first;
        Tensor mel = LoadMel((int)(end - first));
        Tensor audio = _model.Speak(_ops, mel, first, Options);
        ReadOnlySpan<float> kept = _ops.Read(audio)[Math.Min((int)(done - first) * HopSize, audio.Length)..];
        kept = kept[..Math.Min(kept.Length, samples.Length)];
        kept.CopyTo(samples);
        samples[kept.Length..].Clear();
        _ops.Reset();
    }

    private Tensor LoadMel(int frames)
    {
        Tensor mel = _ops.Rent(1, Bands, frames);
        ReadOnlySpan<float> queue = _mel;
        for (int b = 0; b < Bands; b++)
        {
            Span<float> row = mel.Row(0, b);
            for (int i = 0; i < frames; i++) row[i] = queue[i * Bands + b];
        }
        return mel;
    }
}
