using System.Numerics.Tensors;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public sealed unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Gate(Tensor x)
    {
        Require(x.Channels % 2 == 0, "a gate needs an even number of channels");
        int half = x.Channels / 2 * x.Length;
        var y = Rent(x.Batch, x.Channels / 2, x.Length);
        for (int b = 0; b < x.Batch; b++)
        {
            float* a = x.RowPointer(b, 0);
            Map<GateF>(a, a + half, a, y.RowPointer(b, 0), half);
        }
        Record(y, x, null, null, () =>
        {
            Tensor dx = RentLike(x);
            for (int b = 0; b < x.Batch; b++)
            {
                float* a = x.RowPointer(b, 0), dy = y.Grad!.RowPointer(b, 0), d = dx.RowPointer(b, 0);
                Map<GateTanhGradientF>(a, a + half, dy, d, half);
                Map<GateSigmoidGradientF>(a, a + half, dy, d + half, half);
            }
            if (x.Grad == null) x.Grad = dx;
            else AddTo(x.Grad, dx);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        var y = RentLike(a);
        Map<AddF>(a, b, a, y);
        Record(y, a, b, null, () =>
        {
            if (a.RequiresGrad) AddTo(GradientOf(a), y.Grad!);
            if (b.RequiresGrad) AddTo(GradientOf(b), y.Grad!);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        var y = RentLike(a);
        Map<MulF>(a, b, a, y);
        Record(y, a, b, null, () =>
        {
            if (a.RequiresGrad) AddProduct(GradientOf(a), y.Grad!, b);
            if (b.RequiresGrad) AddProduct(GradientOf(b), y.Grad!, a);
        });
        return y;
    }

    private void AddProduct(Tensor target, Tensor a, Tensor b) => Map<MulAddF>(a, b, target, target);

    /// <inheritdoc/>
    public override Tensor Scale(Tensor x, float factor)
    {
        var y = RentLike(x);
        TensorPrimitives.Multiply(x.Span, factor, y.Span);
        Record(y, x, null, null, () =>
        {
            Tensor dx = GradientOf(x);
            TensorPrimitives.FusedMultiplyAdd(y.Grad!.Span, factor, dx.Span, dx.Span);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Tanh(Tensor x)
    {
        var y = RentLike(x);
        Map<TanhF>(x, x, x, y);
        Record(y, x, null, null, () => Map<TanhGradientF>(y, y.Grad!, GradientOf(x), GradientOf(x)));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor LeakyRelu(Tensor x)
    {
        var y = RentLike(x);
        Map<LeakyReluF>(x, x, x, y);
        Record(y, x, null, null, () =>
        {
            Tensor dx = GradientOf(x);
            for (int i = 0; i < x.Size; i++) dx.Data[i] += y.Grad!.Data[i] * (x.Data[i] > 0 ? 1f : LeakyReluF.Slope);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Affine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireSame(x, logScale);
        RequireSame(x, shift);
        var y = RentLike(x);
        Map<AffineF>(x, logScale, shift, y);
        Record(y, x, logScale, shift, () =>
        {
            Tensor dy = y.Grad!;
            if (x.RequiresGrad) Map<AddScaledByExpF>(dy, logScale, GradientOf(x), GradientOf(x));
            if (shift.RequiresGrad) AddTo(GradientOf(shift), dy);
            if (logScale.RequiresGrad)
            {
                // d/ds (x·e^s + b) = y - b
                Tensor ds = GradientOf(logScale);
                AddProduct(ds, dy, y);
                Map<SubProductF>(dy, shift, ds, ds);
            }
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor AffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireSame(x, logScale);
        RequireSame(x, shift);
        var y = RentLike(x);
        Map<AffineInverseF>(x, logScale, shift, y);
        Record(y, x, logScale, shift, () =>
        {
            Tensor dy = y.Grad!, negative = Scale(logScale, -1f), dx = RentLike(x);
            dx.Span.Clear();
            Map<AddScaledByExpF>(dy, negative, dx, dx);
            if (x.RequiresGrad) AddTo(GradientOf(x), dx);
            if (shift.RequiresGrad) TensorPrimitives.Subtract(GradientOf(shift).Span, dx.Span, GradientOf(shift).Span);
            if (logScale.RequiresGrad) Map<SubProductF>(dy, y, GradientOf(logScale), GradientOf(logScale));
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireVector(x, logScale);
        RequireVector(x, shift);
        var y = RentLike(x);
        ForRows(x, (b, c) =>
        {
            Span<float> row = y.Row(b, c);
            TensorPrimitives.Multiply(x.Row(b, c), MathF.Exp(logScale.Data[c]), row);
            TensorPrimitives.Add(row, shift.Data[c], row);
        });
        Record(y, x, logScale, shift, () =>
        {
            Tensor dy = y.Grad!;
            if (x.RequiresGrad)
            {
                Tensor dx = GradientOf(x);
                ForRows(x, (b, c) => TensorPrimitives.FusedMultiplyAdd(dy.Row(b, c), MathF.Exp(logScale.Data[c]), dx.Row(b, c), dx.Row(b, c)));
            }
            Tensor? ds = logScale.RequiresGrad ? GradientOf(logScale) : null, db = shift.RequiresGrad ? GradientOf(shift) : null;
            if (ds == null && db == null) return;
            for (int c = 0; c < x.Channels; c++)
            {
                double sum = 0, dot = 0;
                for (int b = 0; b < x.Batch; b++)
                {
                    sum += TensorPrimitives.Sum<float>(dy.Row(b, c));
                    dot += TensorPrimitives.Dot<float>(dy.Row(b, c), x.Row(b, c));
                }
                if (db != null) db.Data[c] += (float)sum;
                if (ds != null) ds.Data[c] += (float)(dot * Math.Exp(logScale.Data[c]));
            }
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireVector(x, logScale);
        RequireVector(x, shift);
        // (x - b)·e^-s = x·e^-s + (-b·e^-s): the same operation with other constants.
        var negative = new Tensor(1, x.Channels, 1);
        var offset = new Tensor(1, x.Channels, 1);
        for (int c = 0; c < x.Channels; c++)
        {
            negative.Data[c] = -logScale.Data[c];
            offset.Data[c] = -shift.Data[c] * MathF.Exp(-logScale.Data[c]);
        }
        return ChannelAffine(x, negative, offset);
    }

    private void ForRows(Tensor x, Action<int, int> body)
    {
        if (x.Size < 2 * ParallelGrain) for (int row = 0; row < x.Batch * x.Channels; row++) body(row / x.Channels, row % x.Channels);
        else _parallelism.For(x.Batch * x.Channels, row => body(row / x.Channels, row % x.Channels));
    }

    private static void RequireSame(Tensor a, Tensor b) => Require(a.SameShape(b), $"shapes {a.Shape} and {b.Shape} differ");

    private static void RequireVector(Tensor x, Tensor v) =>
        Require(v.Size == x.Channels, $"a vector of shape {v.Shape} does not fit {x.Channels} channels");
}
