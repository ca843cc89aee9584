using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private Tensor? _padded;

    // Copies x to rows with its left and right borders; in a stream the left border is the end of the chunk before.
    private int Pad(Tensor x, int left, int span, string? site)
    {
        int stride = Convolution.Stride(x.Length + span + Tile.Slack);
        StreamSlot? past = Past(x, left, span, site);
        Reserve(ref _padded, checked(x.Batch * x.Channels * stride));
        _parallelism.ForRanges(x.Batch * x.Channels, stride, (x, Padded: _padded!, past, left, stride), static (from, to, in s) =>
        {
            for (int row = from; row < to; row++)
            {
                var target = new Span<float>(s.Padded.Data + (long)row * s.stride, s.stride);
                if (s.past == null) target[..s.left].Clear();
                else s.past.CopyRow(row, target);
                s.x.Row(0, row).CopyTo(target[s.left..]);
                target[(s.left + s.x.Length)..].Clear();
            }
        });
        Remember(past, x);
        return stride;
    }

    // The same for a few time steps, where calls to copy would take longer than what they copy. What the taps read may be less than all
    // between the first and the last of them: then each tap has its steps for itself.
    private (Tensor Input, int Stride, int TapStride) PadShort(Tensor x, int left, int taps, int dilation, string? site)
    {
        int span = (taps - 1) * dilation, length = x.Length;
        StreamSlot? past = Past(x, left, span, site);
        bool isGathered = past != null && taps * length < span + length;
        int stride = isGathered ? taps * length : span + length;
        Reserve(ref _padded, checked(x.Batch * x.Channels * stride));
        if (past == null) Surround(x, left, stride, _padded!.Data);
        else if (isGathered) for (int k = 0; k < taps; k++) Gather(past, k * dilation, length, x, _padded!.Data + k * length, stride);
        else Gather(past, 0, stride, x, _padded!.Data, stride);
        Remember(past, x);
        return (_padded!, stride, isGathered ? length : dilation);
    }

    // Zeros, x, zeros.
    private static void Surround(Tensor x, int left, int stride, float* target)
    {
        float* source = x.Data;
        for (int row = 0; row < x.Batch * x.Channels; row++, target += stride, source += x.Length)
        {
            for (int i = 0; i < left; i++) target[i] = 0f;
            for (int i = 0; i < x.Length; i++) target[left + i] = source[i];
            for (int i = left + x.Length; i < stride; i++) target[i] = 0f;
        }
    }

    // Some steps, from the first on, of the past followed by x.
    private static void Gather(StreamSlot past, int first, int count, Tensor x, float* target, int stride)
    {
        int span = past.Values.Length, remembered = Math.Min(count, span - first), start = (past.Oldest + first) % span,
            untilWrap = Math.Min(remembered, span - start);
        float* ring = past.Values.Data, source = x.Data;
        for (int row = 0; row < x.Batch * x.Channels; row++, target += stride, source += x.Length, ring += span)
        {
            for (int i = 0; i < untilWrap; i++) target[i] = ring[start + i];
            for (int i = untilWrap; i < remembered; i++) target[i] = ring[i - untilWrap];
            for (int i = remembered; i < count; i++) target[i] = source[i - remembered];
        }
    }

    // What a stream remembers of the input of a causal convolution, when it is this chunk's turn to know it; null when nothing is streamed.
    private StreamSlot? Past(Tensor x, int left, int span, string? site)
    {
        if (_state == null || span == 0) return null;
        Require(left == span, "only causal convolutions can be streamed");
        StreamSlot slot = _state.Slot(site ?? throw new ArgumentNullException(nameof(site), "a streamed convolution needs a site"), x.Batch, x.Channels, span);
        slot.Turn.Await(Chunk, _state);
        return slot;
    }

    private void Remember(StreamSlot? past, Tensor x)
    {
        if (past == null) return;
        past.Push(x);
        past.Turn.Pass(Chunk);
    }
}
