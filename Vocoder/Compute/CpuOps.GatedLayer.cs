using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private Tensor? _tiles;

    /// <inheritdoc/>
    /// <remarks>In one pass where nothing is recorded: the bits are those of the single operations.</remarks>
    public override (Tensor? Hidden, Tensor Skip) GatedLayer(Tensor x, Tensor? condition, Tensor? skip, in GatedLayer layer)
    {
        var (filter, told, residual, sum) = layer;
        bool isOnePass = _tape == null && !ShortConvolution.Suits(x.Length) && told is null or { Weight.Length: 1 };
        if (!isOnePass) return base.GatedLayer(x, condition, skip, layer);
        int channels = filter.Rows / 2;
        Require(filter.Rows % 2 == 0, "a gate needs an even number of channels");
        Require(sum.Weight.Channels == channels && sum.Weight.Length == 1, $"a weight of {sum.Weight.Shape} does not take {channels} gated channels");
        Require(filter.Weight.Channels == x.Channels, $"convolution of {x.Shape} with a weight of {filter.Weight.Shape}: channels differ");
        Require(told == null || (condition!.Length == x.Length && condition.Batch == x.Batch && condition.Channels == told.Value.Weight.Channels
            && told.Value.Rows == filter.Rows), $"a condition of {condition?.Shape} does not fit {x.Shape}");
        Require(residual == null || (residual.Value.Rows == x.Channels && residual.Value.Weight.Channels == channels && residual.Value.Weight.Length == 1),
            $"a weight of {residual?.Weight.Shape} does not lead back to {x.Shape}");
        Require(skip == null || (skip.Channels == sum.Rows && skip.Length == x.Length && skip.Batch == x.Batch), $"{skip?.Shape} is no sum of such layers");
        Tensor? hidden = residual == null ? null : RentLike(x);
        Tensor after = Rent(x.Batch, sum.Rows, x.Length);
        RunTiles(x, condition, skip, layer, channels, hidden, after);
        return (hidden, after);
    }

    private void RunTiles(Tensor x, Tensor? condition, Tensor? skip, in GatedLayer layer, int channels, Tensor? hidden, Tensor after)
    {
        var (filter, told, residual, sum) = layer;
        int taps = filter.Weight.Length, dilation = Math.Max(1, filter.Shape.Dilation);
        var work = new GatedTiles
        {
            Stride = Pad(x, filter.Shape.Left, (taps - 1) * dilation, filter.Site),
            Condition = condition == null ? null : condition.Data, SkipBefore = skip == null ? null : skip.Data,
            Hidden = hidden == null ? null : hidden.Data, SkipAfter = after.Data,
            Left = filter.Shape.Left, Batch = x.Batch, Inputs = x.Channels, Channels = channels,
            ConditionChannels = told?.Weight.Channels ?? 0, SkipChannels = after.Channels,
            Taps = taps, Dilation = dilation, Length = x.Length, Parts = GatedTiles.Share(_parallelism, x.Batch, x.Length),
        };
        Tensor tanh = Rows(filter, 0, channels, out work.Tanh), sigmoid = Rows(filter, channels, channels, out work.Sigmoid);
        Tensor? toldTanh = told is { } t ? Rows(t, 0, channels, out work.TanhCondition) : null;
        Tensor? toldSigmoid = told is { } s ? Rows(s, channels, channels, out work.SigmoidCondition) : null;
        Tensor? back = residual is { } r ? Rows(r, 0, x.Channels, out work.Residual) : null;
        Tensor packedSum = Rows(sum, 0, after.Channels, out work.Skip);
        work.Padded = _padded!.Data;
        Reserve(ref _tiles, checked(work.Batch * work.Parts * work.ScratchSize));
        work.Scratch = _tiles!.Data;
        GatedTiles.Run(_parallelism, work);
        // Another stream may take them out of the cache meanwhile.
        foreach (Tensor? packed in (ReadOnlySpan<Tensor?>)[tanh, sigmoid, toldTanh, toldSigmoid, back, packedSum]) GC.KeepAlive(packed);
    }

    // Some of the rows that a convolution uses, packed.
    private Tensor Rows(in ConvWeights convolution, int first, int count, out PackedRows rows)
    {
        int row = convolution.Shape.FirstRow + first;
        Tensor packed = Packed(convolution.Weight, row, count, isShort: false);
        rows = new PackedRows(packed.Data, convolution.Bias == null ? null : convolution.Bias.Data + row);
        return packed;
    }
}
