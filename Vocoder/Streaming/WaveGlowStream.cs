using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Generation by a <see cref="WaveGlow"/>. Its centred convolutions cannot keep their state, so each push generates its samples together with
/// a receptive field on either side, which is discarded: the work of a push is that of its frames and some
/// 2·<see cref="LookAheadFrames"/> more. The samples are, bit by bit, those of <see cref="WaveGlow.Generate"/> on the whole mel.
/// </summary>
internal sealed class WaveGlowStream : VocoderStream
{
    private readonly WaveGlow _model;
    private readonly SynthesisOptions _options;
    private readonly CpuOps _ops;
    // Mel values, frame by frame, from frame _first on.
    private readonly List<float> _mel = [];
    private long _first, _pushed, _done;

    public WaveGlowStream(WaveGlow model, SynthesisOptions options, Parallelism parallelism)
    {
        options.Validate();
        if (options.PitchShift != 0)
            throw new VocoderException(FormattableString.Invariant($"the pitch shift is {options.PitchShift} semitones, expected 0: a WaveGlow takes the pitch from the mel alone"));
        (_model, _options, _ops) = (model, options, new CpuOps(parallelism));
    }

    public override int Bands => _model.Recipe.Bands;

    public override int HopSize => _model.Recipe.HopSize;

    public override int LookAheadFrames => _model.LookAheadFrames;

    /// <inheritdoc/>
    /// <remarks>About 6 s a pass at the published size bounds memory, with 2 s of context that is computed twice.</remarks>
    public override int ChunkFrames => 512;

    public override void Reset()
    {
        _mel.Clear();
        (_first, _pushed, _done) = (0, 0, 0);
    }

    public override int Push(ReadOnlySpan<float> frames, Span<float> samples)
    {
        if (frames.Length % Bands != 0) throw new ArgumentException($"{frames.Length} values are no whole number of frames of {Bands} bands", nameof(frames));
        int count = frames.Length / Bands, ready = (int)Math.Max(0, _pushed + count - LookAheadFrames - _done);
        RequireRoom(samples, ready);
        _mel.AddRange(frames);
        _pushed += count;
        return Generate(ready, samples);
    }

    /// <inheritdoc/>
    /// <remarks>The signal ends as published, by zeros after the last frame. Samples at the very end that fill no group are 0.</remarks>
    public override int Flush(Span<float> samples)
    {
        int ready = (int)(_pushed - _done);
        RequireRoom(samples, ready);
        return Generate(ready, samples);
    }

    private int Generate(int frames, Span<float> samples)
    {
        for (int start = 0; start < frames; start += ChunkFrames)
        {
            int count = Math.Min(ChunkFrames, frames - start);
            GeneratePart(count, samples.Slice(start * HopSize, count * HopSize));
        }
        return frames * HopSize;
    }

    private void GeneratePart(int frames, Span<float> samples)
    {
        long first = _model.ContextStart(_done), end = Math.Min(_pushed, _done + frames + LookAheadFrames);
        _mel.RemoveRange(0, (int)(first - _first) * Bands);
        _first = first;
        Tensor mel = LoadMel((int)(end - first));
        int group = _model.Config.Group, steps = (int)(_model.SampleCount(mel.Length) / group);
        Tensor audio = _model.Generate(_ops, mel, _model.DrawNoise(_ops, _options.Sigma, _options.Seed, first * HopSize / group, steps));
        ReadOnlySpan<float> kept = audio.Row(0, 0)[Math.Min((int)(_done - first) * HopSize, audio.Length)..];
        kept = kept[..Math.Min(kept.Length, samples.Length)];
        kept.CopyTo(samples);
        samples[kept.Length..].Clear();
        _done += frames;
        _ops.Reset();
    }

    private Tensor LoadMel(int frames)
    {
        Tensor mel = _ops.Rent(1, Bands, frames);
        ReadOnlySpan<float> queue = CollectionsMarshal.AsSpan(_mel);
        for (int b = 0; b < Bands; b++)
        {
            Span<float> row = mel.Row(0, b);
            for (int i = 0; i < frames; i++) row[i] = queue[i * Bands + b];
        }
        return mel;
    }

    private void RequireRoom(ReadOnlySpan<float> samples, int frames)
    {
        if (samples.Length < frames * HopSize) throw new ArgumentException($"room for {samples.Length} samples, expected {frames * HopSize}", nameof(samples));
    }
}
