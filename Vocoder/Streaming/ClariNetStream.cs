using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Generation by a <see cref="ClariNet"/> or its teacher: cached convolutions are the memory of their causal networks. Only the up-sampling looks to both
/// sides, so some frames wait, and are kept, for it.
/// </summary>
internal sealed class ClariNetStream : VocoderStream
{
    private readonly ClariNetVocoder _model;
    // What looks to both sides remembers nothing.
    private readonly Ops _ops, _upsampling;
    private readonly StreamState _state = new();
    private readonly Philox _noise;
    // Mel values, frame by frame, from as many frames before the next one to render on as the up-sampling sees.
    private float[] _mel = [];
    private int _melCount;

    public ClariNetStream(ClariNetVocoder model, SynthesisOptions options, Parallelism parallelism) : base(model, options)
    {
        if (options.PitchShift != 0)
            throw new VocoderException(FormattableString.Invariant(
                $"the pitch shift is {options.PitchShift} semitones, expected 0: a model of kind {model.Kind} takes the pitch from the mel alone"));
        (_model, _noise) = (model, new Philox(options.Seed));
        (_ops, _upsampling) = (model.Engine.Compute(parallelism, _state), model.Engine.Compute(parallelism));
    }

    /// <summary>What the layers of a model remember of a signal that is under way, by their places.</summary>
    public static IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> Shapes(ClariNetVocoder model)
    {
        var stream = new ClariNetStream(model, new SynthesisOptions(), new Parallelism(1));
        stream.Push(new float[(model.LookAheadFrames + 1) * stream.Bands], new float[stream.HopSize]);
        return stream._state.Slots.ToDictionary(slot => slot.Name, slot => (slot.Values.Batch, slot.Values.Channels, slot.Values.Length));
    }

    private protected override void Clear()
    {
        _state.Clear();
        _melCount = 0;
    }

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        Speak(ready, samples);
    }

    /// <inheritdoc/>
    /// <remarks>The signal ends as published, by zeros after the last frame.</remarks>
    private protected override void RenderRest(int ready, Span<float> samples) => Speak(ready, samples);

    private protected override void ExchangeState(StateExchange state)
    {
        state.Slots(_state, _model.StateShapes);
        state.Queue(ref _mel, ref _melCount, (FramesPushed - First(FramesRendered)) * Bands);
    }

    private long First(long rendered) => Math.Max(0, rendered - LookAheadFrames);

    private void Speak(int frames, Span<float> samples)
    {
        for (int start = 0; start < frames; start += ChunkFrames)
        {
            int count = Math.Min(ChunkFrames, frames - start);
            SpeakPart(FramesRendered + start, count, samples.Slice(start * HopSize, count * HopSize));
        }
    }

    private void SpeakPart(long done, int frames, Span<float> samples)
    {
        int before = (int)(done - First(done));
        Tensor mel = LoadMel(Math.Min(_melCount / Bands, before + frames + LookAheadFrames)), condition = _model.Upsample(_upsampling, mel);
        Tensor noise = _ops.Rent(1, 1, samples.Length);
        _noise.Normal(noise, NoiseStreams.Latents, done * HopSize);
        System.Numerics.Tensors.TensorPrimitives.Multiply(noise.Span, Options.Sigma, noise.Span);
        Tensor own = _upsampling.Crop(condition, before * HopSize, samples.Length), audio = _model.Speak(_ops, noise, own, isStart: done == 0);
        _ops.Read(audio).CopyTo(samples);
        _ops.Reset();
        _upsampling.Reset();
        FrameQueue.Remove(_mel, ref _melCount, (int)(First(done + frames) - First(done)) * Bands);
    }

    private Tensor LoadMel(int frames)
    {
        Tensor mel = _upsampling.Rent(1, Bands, frames);
        for (int b = 0; b < Bands; b++)
        {
            Span<float> row = mel.Row(0, b);
            for (int i = 0; i < frames; i++) row[i] = _mel[i * Bands + b];
        }
        return mel;
    }
}
