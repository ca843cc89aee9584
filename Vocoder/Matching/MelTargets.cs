using FlowVocoder.Compute;
using FlowVocoder.Streaming;

namespace FlowVocoder.Matching;

/// <summary>Mel frames as <see cref="MelMatching"/> is given them, kept until no pass asks for them any more.</summary>
internal sealed class MelTargets(MelMatching matching, int bands)
{
    private float[] _values = [];
    private int _count;
    private long _first;

    /// <summary>Values of a frame.</summary>
    public int Bands => bands;

    /// <summary>Frames that have come.</summary>
    public long Frames => _first + _count / bands;

    /// <summary>Takes in frames, [n, bands] in the recipe's logarithm.</summary>
    public void Append(ReadOnlySpan<float> frames)
    {
        FrameQueue.Append(ref _values, ref _count, frames);
        foreach (ref float value in _values.AsSpan(_count - frames.Length, frames.Length)) value = matching.Target(value);
    }

    /// <summary>Writes a frame into column <paramref name="column"/> of [1, bands, any].</summary>
    public void CopyTo(long frame, Tensor target, int column)
    {
        ReadOnlySpan<float> values = _values.AsSpan((int)(frame - _first) * bands, bands);
        for (int b = 0; b < bands; b++) target.Row(0, b)[column] = values[b];
    }

    /// <summary>Forgets the frames before one.</summary>
    public void Forget(long before)
    {
        if (before <= _first) return;
        FrameQueue.Remove(_values, ref _count, (int)(before - _first) * bands);
        _first = before;
    }

    /// <summary>Starts a new signal.</summary>
    public void Clear() => (_count, _first) = (0, 0);

    /// <summary>Names what is remembered of so many frames, from the oldest on that is asked for; at the end no more are forgotten.</summary>
    public void Exchange(StateExchange state, long frames, long oldest, bool hasEnded)
    {
        long first = _first;
        state.Number(ref first);
        long most = matching.Framing.LookAhead(SynthesisOptions.MaxMatch) + matching.Framing.Size;
        state.Require(hasEnded ? first >= 0 && first <= oldest && frames - first <= most : first == oldest, $"a position that no stream reaches");
        _first = first;
        state.Queue(ref _values, ref _count, (frames - first) * bands);
    }
}
