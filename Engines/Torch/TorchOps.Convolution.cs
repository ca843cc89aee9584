using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

internal sealed partial class TorchOps
{
    /// <inheritdoc/>
    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        int dilation = Math.Max(1, shape.Dilation), rows = shape.Rows == 0 ? weight.Batch - shape.FirstRow : shape.Rows, span = (weight.Length - 1) * dilation;
        Require(x.Channels == weight.Channels, $"convolution of {x.Shape} with a weight of {weight.Shape}: channels differ");
        Require(shape.FirstRow >= 0 && rows > 0 && shape.FirstRow + rows <= weight.Batch,
            $"rows {shape.FirstRow} … {shape.FirstRow + rows - 1} are outside a weight of {weight.Shape}");
        Require(bias == null || bias.Size == weight.Batch, $"a bias of shape {bias?.Shape} does not fit a weight of {weight.Shape}");
        Require(shape.Left >= 0 && shape.Left <= span, $"left padding {shape.Left} is outside 0 … {span}");
        Require(add == null || (add.Batch == x.Batch && add.Channels == rows && add.Length == x.Length),
            "the addend of a convolution must have the shape of its result");
        return Result(() =>
        {
            TorchTensor y = torch.nn.functional.conv1d(Rounded(Padded(x, shape.Left, span, site)), Rounded(ValueOf(weight).narrow(0, shape.FirstRow, rows)),
                bias == null ? null : Rounded(ValueOf(bias).reshape(-1).narrow(0, shape.FirstRow, rows)), dilation: dilation);
            if (y.dtype != torch.float32) y = y.to(torch.float32);
            return add == null ? y : y + ValueOf(add);
        });
    }

    private TorchTensor Rounded(TorchTensor value) => engine.ConvolutionType == torch.float32 ? value : value.to(engine.ConvolutionType);

    private TorchTensor Padded(Tensor x, int left, int span, string? site)
    {
        if (span == 0) return ValueOf(x);
        if (state == null) return torch.nn.functional.pad(ValueOf(x), [left, span - left]);
        Require(left == span, "only causal convolutions can be streamed");
        return WithPast(x, span, site ?? throw new ArgumentNullException(nameof(site), "a streamed convolution needs a site"));
    }

    /// <inheritdoc/>
    public override Tensor Delay(Tensor x, string site) =>
        Result(() => (state == null ? torch.nn.functional.pad(ValueOf(x), [1, 0]) : WithPast(x, 1, site)).narrow(2, 0, x.Length));

    // So many steps of the past before x, whose last steps are remembered.
    private TorchTensor WithPast(Tensor x, int steps, string site)
    {
        TorchTensor joined = torch.cat([Recall(site, x.Batch, x.Channels, steps), ValueOf(x)], 2);
        Remember(site, joined.narrow(2, x.Length, steps));
        return joined;
    }

    private TorchTensor Recall(string site, int batch, int channels, int steps) => state!.Recall(site, batch, channels, steps) switch
    {
        null => torch.zeros([batch, channels, steps], device: engine.On),
        { Payload: TorchTensor value } => value.alias(),
        var restored => engine.Upload(restored),
    };

    // A copy, so that a view does not keep the chunk that it is of.
    private void Remember(string site, TorchTensor steps)
    {
        if (state!.Recall(site, (int)steps.shape[0], (int)steps.shape[1], (int)steps.shape[2])?.Payload is TorchTensor before) before.Dispose();
        TorchTensor kept = steps.clone().DetachFromDisposeScope();
        state.Remember(site, Tensor.Elsewhere(kept, (int)steps.shape[0], (int)steps.shape[1], (int)steps.shape[2]), static values =>
        {
            var here = new Tensor(values.Batch, values.Channels, values.Length);
            TorchEngine.Download((TorchTensor)values.Payload!, here.Span);
            return here;
        });
    }

    /// <inheritdoc/>
    public override Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels)
    {
        if (records) throw new InvalidOperationException("a recursion over time has no gradient");
        Require(x.Batch == condition.Batch && x.Length == condition.Length, $"an input {x.Shape} and a condition {condition.Shape} do not go together");
        var steps = new TorchTensor[x.Length];
        // Operations of its own, whose results are given back after every step.
        var ops = new TorchOps(engine, parallelism, records: false, state ?? new StreamState());
        Tensor inputs = Borrowed(x), conditions = Borrowed(condition);
        for (int t = 0; t < steps.Length; t++)
        {
            Tensor previous = t > 0 ? Elsewhere(steps[t - 1]) : ops.Result(() => ops.Recall(recursion.Site, x.Batch, channels, 1));
            Tensor next = recursion.Step(ops, previous, ops.Crop(inputs, t, 1), ops.Crop(conditions, t, 1));
            steps[t] = ops.ValueOf(next).alias().DetachFromDisposeScope();
            ops.Reset();
        }
        ops.Remember(recursion.Site, steps[^1]);
        Tensor y = Result(() => torch.cat(steps, 2));
        foreach (TorchTensor step in steps) step.Dispose();
        return y;
    }

    // What other operations may read but not give back.
    private Tensor Borrowed(Tensor x) => Elsewhere(ValueOf(x));

    private static Tensor Elsewhere(TorchTensor value) => Tensor.Elsewhere(value, (int)value.shape[0], (int)value.shape[1], (int)value.shape[2]);
}
