using System.Numerics.Tensors;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
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
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor dx = ops.RentLike(x);
            int half = x.Channels / 2 * x.Length;
            for (int b = 0; b < x.Batch; b++)
            {
                float* a = x.RowPointer(b, 0), dy = y.Grad!.RowPointer(b, 0), d = dx.RowPointer(b, 0);
                ops.Map<GateTanhGradientF>(a, a + half, dy, d, half);
                ops.Map<GateSigmoidGradientF>(a, a + half, dy, d + half, half);
            }
            if (x.Grad == null && !x.IsParameter)
            {
                x.Grad = dx;
                return;
            }
            ops.AddGradient(x, dx);
            ops._workspace.Return(dx);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        var y = RentLike(a);
        Map<AddF>(a, b, a, y);
        Record(y, a, b, null, static (ops, y, a, b, _) =>
        {
            if (a.RequiresGrad) ops.AddGradient(a, y.Grad!);
            if (b.RequiresGrad) ops.AddGradient(b, y.Grad!);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        var y = RentLike(a);
        Map<MulF>(a, b, a, y);
        Record(y, a, b, null, static (ops, y, a, b, _) =>
        {
            if (a.RequiresGrad) ops.AddProduct(ops.GradientOf(a), y.Grad!, b);
            if (b.RequiresGrad) ops.AddProduct(ops.GradientOf(b), y.Grad!, a);
        });
        return y;
    }

    private void AddProduct(Tensor target, Tensor a, Tensor b) => Map<MulAddF>(a, b, target, target);

    /// <inheritdoc/>
    public override Tensor Mix(Tensor x, Tensor gains)
    {
        Require(x.Batch == gains.Batch && x.Channels == gains.Channels && gains.Length > 0 && x.Length % gains.Length == 0,
            $"gains {gains.Shape} do not mix {x.Shape}");
        var y = Rent(x.Batch, 1, x.Length);
        y.Span.Clear();
        ForMixed(x, gains, y, static (Span<float> x, ref float gain, Span<float> y) => TensorPrimitives.FusedMultiplyAdd(x, gain, y, y));
        Record(y, x, gains, null, static (ops, y, x, gains, _) =>
        {
            if (gains.RequiresGrad)
                ops.ForMixed(x, ops.GradientOf(gains), y.Grad!,
                    static (Span<float> x, ref float gain, Span<float> dy) => gain += TensorPrimitives.Dot<float>(x, dy));
            if (x.RequiresGrad)
            {
                ops.ForMixed(ops.GradientOf(x), gains, y.Grad!,
                    static (Span<float> dx, ref float gain, Span<float> dy) => TensorPrimitives.FusedMultiplyAdd(dy, gain, dx, dx));
            }
        });
        return y;
    }

    private delegate void MixStep(Span<float> x, ref float gain, Span<float> y);

    // For each item the signals one after the other, each stretch with its gain and what it adds to.
    private void ForMixed(Tensor x, Tensor gains, Tensor y, MixStep step) =>
        _parallelism.ForRanges(x.Batch, x.Channels * x.Length, (x, gains, y, step), static (from, to, in s) =>
    {
        int hold = s.x.Length / s.gains.Length;
        for (int b = from; b < to; b++)
            for (int t = 0; t < s.gains.Length; t++)
                for (int j = 0; j < s.x.Channels; j++)
                    s.step(s.x.Row(b, j).Slice(t * hold, hold), ref s.gains.Row(b, j)[t], s.y.Row(b, 0).Slice(t * hold, hold));
    });

    /// <inheritdoc/>
    public override Tensor Scale(Tensor x, float factor)
    {
        var y = RentLike(x);
        _parallelism.ForRanges(x.Size, 1, (x, y, factor), static (from, to, in s) => TensorPrimitives.Multiply(s.x.Span[from..to], s.factor,
            s.y.Span[from..to]));
        Record(y, x, null, null, factor, static (ops, y, x, _, _, factor) => ops._parallelism.ForRanges(x.Size, 1, (dy: y.Grad!, dx: ops.GradientOf(x), factor),
            static (from, to, in s) => TensorPrimitives.FusedMultiplyAdd(s.dy.Span[from..to], s.factor, s.dx.Span[from..to], s.dx.Span[from..to])));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Exp(Tensor x)
    {
        var y = RentLike(x);
        Map<ExpF>(x, x, x, y);
        Record(y, x, null, null, static (ops, y, x, _, _) => ops.AddProduct(ops.GradientOf(x), y.Grad!, y));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Tanh(Tensor x)
    {
        var y = RentLike(x);
        Map<TanhF>(x, x, x, y);
        Record(y, x, null, null, static (ops, y, x, _, _) => ops.Map<TanhGradientF>(y, y.Grad!, ops.GradientOf(x), ops.GradientOf(x)));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Magnitude(Tensor pairs, float offset)
    {
        Require(pairs.Channels % 2 == 0, $"pairs of channels cannot be made of {pairs.Shape}");
        var y = Rent(pairs.Batch, pairs.Channels / 2, pairs.Length);
        int half = y.Channels * y.Length;
        Tensor floor = Constant(offset, half);
        for (int b = 0; b < y.Batch; b++) Map<MagnitudeF>(pairs.RowPointer(b, 0), pairs.RowPointer(b, y.Channels), floor.Data, y.RowPointer(b, 0), half);
        Record(y, pairs, null, null, static (ops, y, pairs, _, _) =>
        {
            // d√u/da = a/√u
            Tensor d = ops.GradientOf(pairs), share = ops.RentLike(y);
            int half = y.Channels * y.Length;
            ops.Map<QuotientF>(y.Grad!, y, y, share);
            for (int b = 0; b < y.Batch; b++)
            {
                float* a = pairs.RowPointer(b, 0), da = d.RowPointer(b, 0), s = share.RowPointer(b, 0);
                ops.Map<MulAddF>(a, s, da, da, half);
                ops.Map<MulAddF>(a + half, s, da + half, da + half, half);
            }
            ops._workspace.Return(share);
        });
        return y;
    }

    // So many equal values.
    private Tensor Constant(float value, int count)
    {
        Tensor constant = Rent(1, 1, count);
        constant.Span.Fill(value);
        return constant;
    }

    /// <inheritdoc/>
    public override Tensor Sqrt(Tensor x, float offset)
    {
        var y = RentLike(x);
        TensorPrimitives.Add(x.Span, offset, y.Span);
        TensorPrimitives.Sqrt(y.Span, y.Span);
        // d√u/du = 1 / (2√u)
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor twice = ops.RentLike(y);
            TensorPrimitives.Multiply(y.Span, 2f, twice.Span);
            ops.Map<AddQuotientF>(y.Grad!, twice, ops.GradientOf(x), ops.GradientOf(x));
            ops._workspace.Return(twice);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Log(Tensor x, float offset)
    {
        var y = RentLike(x);
        TensorPrimitives.Add(x.Span, offset, y.Span);
        TensorPrimitives.Log(y.Span, y.Span);
        Record(y, x, null, null, offset, static (ops, y, x, _, _, offset) =>
        {
            Tensor u = ops.RentLike(x);
            TensorPrimitives.Add(x.Span, offset, u.Span);
            ops.Map<AddQuotientF>(y.Grad!, u, ops.GradientOf(x), ops.GradientOf(x));
            ops._workspace.Return(u);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor LeakyRelu(Tensor x)
    {
        var y = RentLike(x);
        Map<LeakyReluF>(x, x, x, y);
        Record(y, x, null, null, static (ops, y, x, _, _) => ops.Map<LeakyReluGradientF>(x, y.Grad!, ops.GradientOf(x), ops.GradientOf(x)));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Relu(Tensor x)
    {
        var y = RentLike(x);
        Map<ReluF>(x, x, x, y);
        Record(y, x, null, null, static (ops, y, x, _, _) => ops.Map<ReluGradientF>(x, y.Grad!, ops.GradientOf(x), ops.GradientOf(x)));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Affine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireSame(x, logScale);
        RequireSame(x, shift);
        var y = RentLike(x);
        Map<AffineF>(x, logScale, shift, y);
        Record(y, x, logScale, shift, static (ops, y, x, logScale, shift) =>
        {
            Tensor dy = y.Grad!;
            if (x.RequiresGrad) ops.Map<AddScaledByExpF>(dy, logScale, ops.GradientOf(x), ops.GradientOf(x));
            if (shift.RequiresGrad) ops.AddGradient(shift, dy);
            if (logScale.RequiresGrad)
            {
                // d/ds (x·e^s + b) = y - b
                Tensor ds = ops.GradientOf(logScale);
                ops.AddProduct(ds, dy, y);
                ops.Map<SubProductF>(dy, shift, ds, ds);
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
        Record(y, x, logScale, shift, static (ops, y, x, logScale, shift) =>
        {
            Tensor dy = y.Grad!, negative = ops.RentLike(logScale), dx = ops.RentLike(x);
            TensorPrimitives.Negate(logScale.Span, negative.Span);
            dx.Span.Clear();
            ops.Map<AddScaledByExpF>(dy, negative, dx, dx);
            if (x.RequiresGrad) ops.AddGradient(x, dx);
            if (shift.RequiresGrad) TensorPrimitives.Subtract(ops.GradientOf(shift).Span, dx.Span, ops.GradientOf(shift).Span);
            if (logScale.RequiresGrad) ops.Map<SubProductF>(dy, y, ops.GradientOf(logScale), ops.GradientOf(logScale));
            ops._workspace.Return(negative);
            ops._workspace.Return(dx);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireVector(x, logScale);
        RequireVector(x, shift);
        var y = RentLike(x);
        ForRows(x, (x, y, logScale, shift), static (b, c, in s) =>
        {
            Span<float> row = s.y.Row(b, c);
            TensorPrimitives.Multiply(s.x.Row(b, c), MathF.Exp(s.logScale.Data[c]), row);
            TensorPrimitives.Add(row, s.shift.Data[c], row);
        });
        Record(y, x, logScale, shift, static (ops, y, x, logScale, shift) =>
        {
            Tensor dy = y.Grad!;
            if (x.RequiresGrad) ops.AddScaledRows(ops.GradientOf(x), dy, logScale, 1f);
            if (shift.RequiresGrad) AddChannelDots(ops.GradientOf(shift), dy, null, _ => 1);
            if (logScale.RequiresGrad) AddChannelDots(ops.GradientOf(logScale), dy, x, c => Math.Exp(logScale.Data[c]));
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireVector(x, logScale);
        RequireVector(x, shift);
        var y = RentLike(x);
        ForRows(x, (x, y, logScale, shift), static (b, c, in s) =>
        {
            Span<float> row = s.y.Row(b, c);
            TensorPrimitives.Subtract(s.x.Row(b, c), s.shift.Data[c], row);
            TensorPrimitives.Multiply(row, MathF.Exp(-s.logScale.Data[c]), row);
        });
        Record(y, x, logScale, shift, static (ops, y, x, logScale, shift) =>
        {
            // y = (x - b)·e^-s: dy/dx = e^-s, dy/db = -e^-s, dy/ds = -y
            Tensor dy = y.Grad!;
            if (x.RequiresGrad) ops.AddScaledRows(ops.GradientOf(x), dy, logScale, -1f);
            if (shift.RequiresGrad) AddChannelDots(ops.GradientOf(shift), dy, null, c => -Math.Exp(-logScale.Data[c]));
            if (logScale.RequiresGrad) AddChannelDots(ops.GradientOf(logScale), dy, y, _ => -1);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ChannelScale(Tensor x, Tensor factor)
    {
        RequireVector(x, factor);
        var y = RentLike(x);
        ForRows(x, (x, y, factor), static (b, c, in s) => TensorPrimitives.Multiply(s.x.Row(b, c), s.factor.Data[c], s.y.Row(b, c)));
        Record(y, x, factor, null, static (ops, y, x, factor, _) =>
        {
            Tensor dy = y.Grad!;
            if (x.RequiresGrad)
            {
                Tensor dx = ops.GradientOf(x);
                ops.ForRows(x, (dx, dy, factor), static (b, c, in s) => TensorPrimitives.FusedMultiplyAdd(s.dy.Row(b, c), s.factor.Data[c], s.dx.Row(b, c),
                    s.dx.Row(b, c)));
            }
            if (factor.RequiresGrad) AddChannelDots(ops.GradientOf(factor), dy, x, _ => 1);
        });
        return y;
    }

    // target[b,c,t] += dy[b,c,t]·exp(sign·logScale[c])
    private void AddScaledRows(Tensor target, Tensor dy, Tensor logScale, float sign) => ForRows(target, (target, dy, logScale, sign), static (b, c, in s) =>
        TensorPrimitives.FusedMultiplyAdd(s.dy.Row(b, c), MathF.Exp(s.sign * s.logScale.Data[c]), s.target.Row(b, c), s.target.Row(b, c)));

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

    private delegate void RowStep<T>(int batch, int channel, in T state);

    private void ForRows<T>(Tensor x, in T state, RowStep<T> step) =>
        _parallelism.ForRanges(x.Batch * x.Channels, x.Length, (x.Channels, state, step), static (from, to, in s) =>
        {
            for (int row = from; row < to; row++) s.step(row / s.Channels, row % s.Channels, s.state);
        });

    private static void RequireSame(Tensor a, Tensor b) => Require(a.SameShape(b), $"shapes {a.Shape} and {b.Shape} differ");

    private static void RequireVector(Tensor x, Tensor v) =>
        Require(v.Size == x.Channels, $"a vector of shape {v.Shape} does not fit {x.Channels} channels");
}
