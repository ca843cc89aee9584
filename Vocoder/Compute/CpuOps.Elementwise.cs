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
            if (x.Grad == null && !x.IsParameter) x.Grad = dx;
            else AddTo(GradientOf(x), dx);
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
    public override Tensor Sqrt(Tensor x, float offset)
    {
        var y = RentLike(x);
        TensorPrimitives.Add(x.Span, offset, y.Span);
        TensorPrimitives.Sqrt(y.Span, y.Span);
        // d√u/du = 1 / (2√u)
        Record(y, x, null, null, () => AddQuotient(GradientOf(x), y.Grad!, y, 2f, 0f));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Log(Tensor x, float offset)
    {
        var y = RentLike(x);
        TensorPrimitives.Add(x.Span, offset, y.Span);
        TensorPrimitives.Log(y.Span, y.Span);
        Record(y, x, null, null, () => AddQuotient(GradientOf(x), y.Grad!, x, 1f, offset));
        return y;
    }

    // target += a / (factor·b + offset)
    private static void AddQuotient(Tensor target, Tensor a, Tensor b, float factor, float offset)
    {
        float* t = target.Data, p = a.Data, q = b.Data;
        for (int i = 0; i < target.Size; i++) t[i] += p[i] / (factor * q[i] + offset);
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
            if (x.RequiresGrad) AddScaledRows(GradientOf(x), dy, logScale, 1f);
            if (shift.RequiresGrad) AddChannelDots(GradientOf(shift), dy, null, _ => 1);
            if (logScale.RequiresGrad) AddChannelDots(GradientOf(logScale), dy, x, c => Math.Exp(logScale.Data[c]));
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireVector(x, logScale);
        RequireVector(x, shift);
        var y = RentLike(x);
        ForRows(x, (b, c) =>
        {
            Span<float> row = y.Row(b, c);
            TensorPrimitives.Subtract(x.Row(b, c), shift.Data[c], row);
            TensorPrimitives.Multiply(row, MathF.Exp(-logScale.Data[c]), row);
        });
        Record(y, x, logScale, shift, () =>
        {
            // y = (x - b)·e^-s: dy/dx = e^-s, dy/db = -e^-s, dy/ds = -y
            Tensor dy = y.Grad!;
            if (x.RequiresGrad) AddScaledRows(GradientOf(x), dy, logScale, -1f);
            if (shift.RequiresGrad) AddChannelDots(GradientOf(shift), dy, null, c => -Math.Exp(-logScale.Data[c]));
            if (logScale.RequiresGrad) AddChannelDots(GradientOf(logScale), dy, y, _ => -1);
        });
        return y;
    }

    // target[b,c,t] += dy[b,c,t]·exp(sign·logScale[c])
    private void AddScaledRows(Tensor target, Tensor dy, Tensor logScale, float sign) => ForRows(target, (b, c) =>
        TensorPrimitives.FusedMultiplyAdd(dy.Row(b, c), MathF.Exp(sign * logScale.Data[c]), target.Row(b, c), target.Row(b, c)));

    // target[c] += factor(c)·Σ dy·x over batch and time; x is 1 when null.
    private static void AddChannelDots(Tensor target, Tensor dy, Tensor? x, Func<int, double> factor)
    {
        for (int c = 0; c < dy.Channels; c++)
        {
            double dot = 0;
            for (int b = 0; b < dy.Batch; b++)
                dot += x == null ? TensorPrimitives.Sum<float>(dy.Row(b, c)) : TensorPrimitives.Dot<float>(dy.Row(b, c), x.Row(b, c));
            target.Data[c] += (float)(dot * factor(c));
        }
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
