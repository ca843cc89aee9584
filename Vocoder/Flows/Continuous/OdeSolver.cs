using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>Solves dx/dt = v(x, t) from one time to another, in equal steps or in steps that keep a tolerance. Gradients flow through the steps.</summary>
/// <param name="Method">Runge–Kutta method.</param>
/// <param name="Steps">Equal steps; 0 with a tolerance.</param>
/// <param name="Tolerance">Largest error of a step, absolute and relative to x alike; 0 with equal steps. It needs a method with an error estimate.</param>
public sealed record OdeSolver(OdeMethod Method, int Steps, double Tolerance = 0)
{
    // A step may be shortened to a fifth and lengthened tenfold, and aims at 0.9 of what the tolerance allows.
    private const double Safety = 0.9, MinFactor = 0.2, MaxFactor = 10, SmallestTolerance = 1e-6, SmallestStep = 1e-7;
    private const int MaxSteps = 10_000;
    private static readonly Func<OdeState, Tensor> s_x = state => state.X, s_integral = state => state.Integral!;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="VocoderException">A number is out of range, or a tolerance is asked of a method without error estimate.</exception>
    public void Validate()
    {
        if (Tolerance == 0)
        {
            if (Steps is < 1 or > MaxSteps) throw new VocoderException($"the number of solver steps is {Steps}, expected 1 to {MaxSteps}");
            return;
        }
        if (Steps != 0) throw new VocoderException($"found {Steps} solver steps beside a tolerance, expected one of the two");
        if (Method.Error == null)
            throw new VocoderException($"the solver {Method.Name} has no estimate of its error, expected {OdeMethod.DormandPrince.Name} to keep a tolerance");
        if (!(Tolerance is >= SmallestTolerance and <= 1))
            throw new VocoderException(FormattableString.Invariant(
                $"the tolerance is {Tolerance}, expected {SmallestTolerance} to 1: single precision cannot keep less"));
    }

    /// <summary>Evaluations of the field in equal steps; a tolerance may need any number.</summary>
    public int Evaluations => Math.Max(1, Steps) * Method.Stages;

    /// <summary>Integrates from <paramref name="from"/> to <paramref name="to"/>, backwards where it is the larger.</summary>
    /// <exception cref="VocoderException">The tolerance cannot be reached.</exception>
    internal OdeState Integrate(Ops ops, Func<OdeState, double, OdeState> field, OdeState start, double from, double to) =>
        Integrate(ops, field, static (in Func<OdeState, double, OdeState> field, OdeState at, double t, int _) => field(at, t), start, from, to);

    /// <summary>The same of a field that is given what it works on, so that eager work allocates nothing.</summary>
    /// <exception cref="VocoderException">The tolerance cannot be reached.</exception>
    internal OdeState Integrate<TSource>(Ops ops, in TSource source, OdeField<TSource> field, OdeState start, double from, double to)
    {
        Validate();
        if (Tolerance > 0) return Adapt(ops, source, field, start, from, to);
        double h = (to - from) / Steps;
        OdeState state = start;
        for (int i = 0; i < Steps; i++)
        {
            OdeState before = state;
            state = Step(ops, source, field, before, from + i * h, h, i * Method.Stages, out _);
            if (i > 0) Free(ops, before);
        }
        return state;
    }

    private OdeState Adapt<TSource>(Ops ops, in TSource source, OdeField<TSource> field, OdeState state, double from, double to)
    {
        double t = from, h = (to - from) / 16;
        for (int i = 0; t != to; i++)
        {
            if (i == MaxSteps || Math.Abs(h) < SmallestStep * Math.Abs(to - from))
                throw new VocoderException(FormattableString.Invariant(
                    $"the tolerance {Tolerance} cannot be reached: {i} steps came from {from} to {t:0.######} of {to}; expected a larger one"));
            bool isLast = Math.Abs(to - t) <= Math.Abs(h) * (1 + 1e-9);
            if (isLast) h = to - t;
            OdeState next = Step(ops, source, field, state, t, h, 0, out OdeState error);
            double size = ErrorSize(ops, state.X, next.X, error.X);
            if (double.IsNaN(size)) size = double.PositiveInfinity;
            if (size <= 1) (state, t) = (next, isLast ? to : t + h);
            h *= Math.Clamp(size == 0 ? MaxFactor : Safety * Math.Pow(size, -1.0 / Method.Order), MinFactor, size <= 1 ? MaxFactor : 1);
        }
        return state;
    }

    // Root mean square of the error over what the tolerance allows (Hairer, Nørsett and Wanner 1993, eq. II.4.11). The integral beside follows the trajectory
    // and does not count.
    private double ErrorSize(Ops ops, Tensor before, Tensor after, Tensor error)
    {
        ReadOnlySpan<float> a = ops.Read(before), b = ops.Read(after), e = ops.Read(error);
        double sum = 0;
        for (int i = 0; i < e.Length; i++)
        {
            double part = e[i] / (Tolerance * (1 + Math.Max(Math.Abs(a[i]), Math.Abs(b[i]))));
            sum += part * part;
        }
        return Math.Sqrt(sum / e.Length);
    }

    private OdeState Step<TSource>(Ops ops, in TSource source, OdeField<TSource> field, OdeState state, double t, double h, int evaluation, out OdeState error)
    {
        var room = new OdeSlopes();
        Span<OdeState> slopes = ((Span<OdeState>)room)[..Method.Stages];
        for (int i = 0; i < slopes.Length; i++)
        {
            OdeState at = Move(ops, state, slopes, Method.A[i], h);
            slopes[i] = field(source, at, t + Method.C[i] * h, evaluation + i);
            if (at.X != state.X) Free(ops, at);
        }
        error = Tolerance > 0 ? new OdeState(Sum(ops, slopes, Method.Error!, h, s_x)!, null) : default;
        OdeState next = Move(ops, state, slopes, Method.B, h);
        foreach (OdeState slope in slopes) Free(ops, slope);
        return next;
    }

    private static void Free(Ops ops, OdeState state)
    {
        ops.Free(state.X);
        if (state.Integral != null) ops.Free(state.Integral);
    }

    private static OdeState Move(Ops ops, OdeState state, ReadOnlySpan<OdeState> slopes, IReadOnlyList<double> weights, double h) =>
        new(Move(ops, state.X, slopes, weights, h, s_x), state.Integral == null ? null : Move(ops, state.Integral, slopes, weights, h, s_integral));

    private static Tensor Move(Ops ops, Tensor from, ReadOnlySpan<OdeState> slopes, IReadOnlyList<double> weights, double h, Func<OdeState, Tensor> part)
    {
        if (Sum(ops, slopes, weights, h, part) is not { } way) return from;
        Tensor moved = ops.Add(from, way);
        ops.Free(way);
        return moved;
    }

    // h·Σ weight·slope; null where all weights are 0.
    private static Tensor? Sum(Ops ops, ReadOnlySpan<OdeState> slopes, IReadOnlyList<double> weights, double h, Func<OdeState, Tensor> part)
    {
        Tensor? sum = null;
        for (int j = 0; j < weights.Count; j++)
        {
            if (weights[j] == 0) continue;
            Tensor term = ops.Scale(part(slopes[j]), (float)(weights[j] * h)), before = sum ?? term;
            if (sum == null) sum = term;
            else
            {
                sum = ops.Add(before, term);
                ops.Free(before);
                ops.Free(term);
            }
        }
        return sum;
    }
}
