namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    // What one step leaves, again and again.
    private Workspace? _scratch;
    private double _rebuildError;

    /// <inheritdoc/>
    public override Tensor Reversible(IReversible steps, Tensor x, Tensor condition, out Tensor logDet)
    {
        if (_tape == null) return base.Reversible(steps, x, condition, out logDet);
        Tensor z = CopyOf(x), sum = Fill(1, 1, 1, 0f);
        Workspace scratch = _scratch ??= new Workspace();
        var eager = new CpuOps(scratch, _parallelism);
        for (int k = 0; k < steps.Steps; k++)
        {
            Take(steps.Forward(eager, k, z, condition, out Tensor part), z);
            sum.Span[0] += part.Item;
            scratch.Reset();
        }
        z.RequiresGrad = sum.RequiresGrad = true;
        Tensor end = CopyOf(z);
        _tape.Record(() => Rebuild(steps, x, condition, z, sum, end));
        logDet = sum;
        return z;
    }

    // Backwards through the steps: what came into each is rebuilt from what came out, in place of `end`, and the step run again on a tape of its own.
    private void Rebuild(IReversible steps, Tensor x, Tensor condition, Tensor z, Tensor logDet, Tensor end)
    {
        if (z.Grad == null && logDet.Grad == null) return;
        // A step of a chain may want gradients of what nothing depends on.
        Tensor gradient = GradientOf(z), dLogDet = GradientOf(logDet);
        // Here, and not in the memory that each step leaves.
        if (condition.RequiresGrad) GradientOf(condition);
        Workspace scratch = _scratch ??= new Workspace();
        var tape = new Tape();
        CpuOps eager = new(scratch, _parallelism), recording = new(scratch, _parallelism, tape);
        for (int k = steps.Steps - 1; k >= 0; k--)
        {
            Take(steps.Inverse(eager, k, end, condition), end);
            scratch.Reset();
            Tensor input = recording.CopyOf(end);
            input.RequiresGrad = true;
            Tensor output = steps.Forward(recording, k, input, condition, out Tensor part);
            (output.Grad, part.Grad) = (recording.CopyOf(gradient), recording.CopyOf(dLogDet));
            tape.RunBackward();
            Take(recording.GradientOf(input), gradient);
            scratch.Reset();
        }
        _rebuildError = Math.Max(_rebuildError, Error(end, x));
        if (x.RequiresGrad) AddGradient(x, gradient);
    }

    /// <inheritdoc/>
    public override double RebuildError => _rebuildError;

    private Tensor CopyOf(Tensor x)
    {
        Tensor copy = RentLike(x);
        x.Span.CopyTo(copy.Span);
        return copy;
    }

    private static void Take(Tensor from, Tensor to)
    {
        Require(from.SameShape(to), $"a reversible step made {from.Shape} of {to.Shape}");
        from.Span.CopyTo(to.Span);
    }

    // Relative L2; what is not finite is infinitely far off.
    private static double Error(Tensor found, Tensor expected)
    {
        double difference = 0, energy = 0;
        ReadOnlySpan<float> a = found.Span, b = expected.Span;
        for (int i = 0; i < a.Length; i++)
        {
            double d = (double)a[i] - b[i];
            (difference, energy) = (difference + d * d, energy + (double)b[i] * b[i]);
        }
        double error = Math.Sqrt(difference / Math.Max(energy, 1e-30));
        return double.IsFinite(error) ? error : double.PositiveInfinity;
    }
}
