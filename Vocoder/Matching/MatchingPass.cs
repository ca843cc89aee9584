using FlowVocoder.Compute;
using FlowVocoder.Streaming;

namespace FlowVocoder.Matching;

/// <summary>One pass of <see cref="MelMatching"/> over a signal that is still coming. However it is cut, the samples are the same bits.</summary>
internal sealed class MatchingPass
{
    // So many that their spectra stay in the second-level cache.
    private const int MaxFrames = 32;

    private readonly MelMatching _matching;
    private readonly float[] _overlap;
    // The last samples of the input, from _start on, and what the last push gave.
    private float[] _input = [], _output = [];
    private int _count, _outputCount;
    private long _start, _received, _next;

    public MatchingPass(MelMatching matching)
    {
        _matching = matching;
        _overlap = new float[Framing.Size - Framing.Hop];
        Clear();
    }

    private MatchingFrames Framing => _matching.Framing;

    /// <summary>The oldest mel frame that it still asks for.</summary>
    public long OldestTarget => Math.Max(0, _next - Framing.Size / Framing.Hop - 1);

    /// <summary>Takes in samples and gives those that are ready, until the next call.</summary>
    public ReadOnlySpan<float> Push(Ops ops, ReadOnlySpan<float> samples, MelTargets targets)
    {
        FrameQueue.Append(ref _input, ref _count, samples);
        _received += samples.Length;
        long end = _next;
        while (Needed(end) <= _received) end++;
        return Run(ops, end, targets);
    }

    /// <summary>Ends the signal and gives the rest of it.</summary>
    public ReadOnlySpan<float> Flush(Ops ops, MelTargets targets)
    {
        long end = _next;
        while (Framing.Start(end) < _received) end++;
        return Run(ops, end, targets);
    }

    /// <summary>Starts a new signal.</summary>
    public void Clear()
    {
        Array.Clear(_overlap);
        (_count, _start, _received, _next) = (0, 0, 0, Framing.First);
    }

    /// <summary>Names what is remembered of a signal of which so many samples have come, and gives how many have gone on.</summary>
    public long Exchange(StateExchange state, long received, bool hasEnded)
    {
        state.Number(ref _start);
        state.Number(ref _received);
        state.Number(ref _next);
        long before = _next - 1;
        bool isNext = hasEnded ? Framing.Start(_next) >= received && (_next == Framing.First || Framing.Start(before) < received)
            : Needed(_next) > received && (_next == Framing.First || Needed(before) <= received);
        state.Require(_received == received && _next >= Framing.First && _next <= Framing.First + received + Framing.Size && isNext && _start == Kept,
            $"a position that no stream reaches");
        state.Queue(ref _input, ref _count, received - _start);
        state.Values(_overlap);
        return hasEnded ? received : Math.Clamp(Framing.Start(_next), 0, received);
    }

    // Samples that must have come for a frame; a first one that begins before the signal needs its mirror image too.
    private long Needed(long frame) => Math.Max(Framing.Start(frame) + Framing.Size, -Framing.Start(frame));

    // Of what the next frames need the oldest is their first sample; at the end, mirror images of the last frames' length.
    private long Kept => Math.Max(0, Math.Min(Framing.Start(_next), _received - Framing.Size));

    private ReadOnlySpan<float> Run(Ops ops, long end, MelTargets targets)
    {
        _outputCount = 0;
        while (_next < end) Step(ops, (int)Math.Min(end - _next, MaxFrames), targets);
        long keep = Kept;
        FrameQueue.Remove(_input, ref _count, (int)(keep - _start));
        _start = keep;
        return _output.AsSpan(0, _outputCount);
    }

    // The next frames.
    private void Step(Ops ops, int frames, MelTargets targets)
    {
        int advance = frames * Framing.Hop, length = advance - Framing.Hop + Framing.Size;
        Tensor speech = ops.Rent(1, 1, length), target = ops.Rent(1, targets.Bands, frames), add = ops.Rent(1, 1, length);
        long first = Framing.Start(_next);
        Mirrored(first, speech.Span);
        for (int i = 0; i < frames; i++) targets.CopyTo(Framing.Mirrored(_next + i, targets.Frames), target, i);
        _overlap.CopyTo(add.Span);
        add.Span[_overlap.Length..].Clear();
        ReadOnlySpan<float> matched = ops.Read(_matching.Pass(ops, speech, target, add));
        // What lies before the signal is no part of it, nor what lies after its end.
        int before = (int)Math.Clamp(-first, 0, advance), ready = (int)Math.Min(advance, _received - first);
        if (ready > before) FrameQueue.Append(ref _output, ref _outputCount, matched[before..ready]);
        matched[advance..].CopyTo(_overlap);
        ops.Reset();
        _next += frames;
    }

    // Samples first … of the signal mirrored at its first and, as far as it has come, at its last sample; zeros where a mirror image would lie beyond.
    private void Mirrored(long first, Span<float> samples)
    {
        if (first >= _start && first + samples.Length <= _received)
        {
            _input.AsSpan((int)(first - _start), samples.Length).CopyTo(samples);
            return;
        }
        for (int i = 0; i < samples.Length; i++)
        {
            long at = Math.Abs(first + i);
            if (at >= _received) at = 2 * (_received - 1) - at;
            samples[i] = at >= _start && at < _received ? _input[at - _start] : 0;
        }
    }
}
