using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// A continuous flow (Chen et al. 2018, Neural ODE, sec. 4; Grathwohl et al. 2019, FFJORD; WaveNODE, Kim et al. 2020): x moves along dx/dt = v(x, t), which a
/// WaveNet tells, from data at t = 0 to noise at t = 1, and back by the same equation. The density changes at once: d log p(x(t))/dt = -tr ∂v/∂x, so that log
/// det = ∫ tr ∂v/∂x dt, a trace where other flows need a determinant. It is trained by likelihood through the steps of the solver, or by flow matching, which
/// needs none.
/// </summary>
public sealed class ContinuousFlow : Flow, IApproximateLogDet
{
    // Fine enough that what comes back from noise is what went there but for rounding and little more.
    private static readonly OdeSolver s_fine = new(OdeMethod.Rk4, 8);

    private readonly WaveNet _field;
    private readonly Philox _random;
    private readonly bool _isPreconditioned;
    // The field as each evaluation of a pass sees it: what a stream remembers of one is not what it remembers of another.
    private WaveNet[] _places = [];
    private int _draws;

    /// <summary>Creates a flow of <paramref name="channels"/> whose vector field is zero at first.</summary>
    /// <param name="parameters">Takes the weights of the field.</param>
    /// <param name="field">Size of the field; it is told the time, whatever this says.</param>
    /// <param name="channels">Channels of x.</param>
    /// <param name="conditionChannels">Channels of the condition, which is the same at all times.</param>
    /// <param name="solver">How the equation is solved.</param>
    /// <param name="seed">Seed of the random signs.</param>
    /// <param name="isPreconditioned">
    /// Whether the field is v = ((2t - 1)·x - √D·F(x/√D, t))/D with D = (1 - t)² + t² and F the WaveNet, for data of unit variance: F has inputs and aims of
    /// unit variance at all times, from the data itself at t = 1 to the noise at t = 0, and no time is singular (Karras et al. 2022, sec. 5, for lines between
    /// data and noise).
    /// </param>
    public ContinuousFlow(ParameterSet parameters, WaveNetConfig field, int channels, int conditionChannels, OdeSolver solver, ulong seed = 0,
        bool isPreconditioned = false)
    {
        solver.Validate();
        (_random, _isPreconditioned) = (new Philox(seed), isPreconditioned);
        _field = new WaveNet(parameters, field with { Timed = true }, channels, channels, conditionChannels);
        Solver = solver;
    }

    /// <summary>How the equation is solved; it may change at any time but in the middle of a stream.</summary>
    public OdeSolver Solver
    {
        get;
        set
        {
            field = value;
            bool remembers = _field.Future == 0 && value.Tolerance == 0;
            _places = [_field, .. Enumerable.Range(1, remembers ? Math.Max(value.Evaluations, s_fine.Evaluations) - 1 : 0).Select(i => _field.At($"{i}"))];
        }
    }

    /// <summary>
    /// Whether <see cref="Forward"/> computes the trace exactly, by as many derivatives as there are channels times steps that the field sees; else it is
    /// estimated by one.
    /// </summary>
    public bool Exact { get; set; }

    /// <summary>Number of estimates so far: each draws new random signs.</summary>
    internal int Draws { get => _draws; set => _draws = value; }

    /// <inheritdoc/>
    /// <remarks>Of equal steps.</remarks>
    public override long MacsPerStep => _field.MacsPerStep * Solver.Evaluations;

    /// <inheritdoc/>
    public override int Past => _field.Past * Solver.Evaluations;

    /// <inheritdoc/>
    public override int Future => _field.Future * Solver.Evaluations;

    /// <summary>v(x, t) for x [b, c, t] at times [b, 1, t], which the caller wrote, [b, c, t].</summary>
    public Tensor Velocity(Ops ops, Tensor x, Tensor condition, Tensor time)
    {
        if (!_isPreconditioned) return _field.Apply(ops, x, condition, time, null, out _);
        static double D(double t) => (1 - t) * (1 - t) + t * t;
        Tensor entering = ops.Multiply(x, Spread(ops, time, x.Channels, static t => 1 / Math.Sqrt(D(t))));
        Tensor output = ops.Multiply(_field.Apply(ops, entering, condition, time, null, out _),
            Spread(ops, time, x.Channels, static t => -1 / Math.Sqrt(D(t))));
        return ops.Add(ops.Multiply(x, Spread(ops, time, x.Channels, static t => (2 * t - 1) / D(t))), output);
    }

    /// <summary>A function of times [b, 1, t] for each of so many channels, [b, channels, t].</summary>
    internal static Tensor Spread(Ops ops, Tensor time, int channels, Func<double, double> function)
    {
        Tensor spread = ops.Rent(time.Batch, channels, time.Length);
        for (int b = 0; b < time.Batch; b++)
        {
            Span<float> first = spread.Row(b, 0);
            for (int i = 0; i < first.Length; i++) first[i] = (float)function(time.Row(b, 0)[i]);
            for (int c = 1; c < channels; c++) first.CopyTo(spread.Row(b, c));
        }
        return spread;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        (Tensor z, Tensor perItem) = Forward(ops, x, condition, Exact ? null : Signs(ops, x));
        logDet = ops.Sum(perItem);
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => Generate(ops, Solver, z, condition);

    /// <summary>
    /// x → z by 32 evaluations, whatever the flow speaks with, with the log-determinant by random signs of a number; what is estimated of chunks, each under a
    /// number of its own, adds up.
    /// </summary>
    internal Tensor Analyze(Ops ops, Tensor x, Tensor condition, uint draw, out Tensor logDet)
    {
        (Tensor z, Tensor perItem) = Integrate(ops, s_fine, x, condition, Signs(ops, x, draw), 0, 1);
        logDet = ops.Sum(perItem);
        return z;
    }

    /// <summary>Undoes <see cref="Analyze"/>.</summary>
    internal Tensor Synthesize(Ops ops, Tensor z, Tensor condition) => Generate(ops, s_fine, z, condition);

    private Tensor Generate(Ops ops, OdeSolver solver, Tensor z, Tensor condition) => solver.Integrate(ops, (Flow: this, Ops: ops, Condition: condition),
        static (in (ContinuousFlow Flow, Ops Ops, Tensor Condition) s, OdeState at, double t, int evaluation) =>
            new OdeState(s.Flow.At(s.Ops, at.X, s.Condition, t, evaluation, null, out _), null), new OdeState(z, null), 1, 0).X;

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        (Tensor x, Tensor perItem) = Integrate(ops, Solver, z, condition, Exact ? null : Signs(ops, z), 1, 0);
        logDet = ops.Sum(perItem);
        return x;
    }

    /// <summary>x → z with the log-determinant of each item, [b, 1, 1]: that of the exact trace, or an estimate with random signs [b, c, t].</summary>
    internal (Tensor Z, Tensor LogDet) Forward(Ops ops, Tensor x, Tensor condition, Tensor? signs) => Integrate(ops, Solver, x, condition, signs, 0, 1);

    /// <summary>
    /// x → z with the log-determinant summed over the batch, the mean of so many estimates, and the standard error of that mean; NaN of a single one.
    /// </summary>
    public (Tensor Z, double LogDet, double StandardError) Estimate(Ops ops, Tensor x, Tensor condition, int estimates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(estimates, 1);
        Tensor? z = null;
        double sum = 0, squares = 0;
        for (int i = 0; i < estimates; i++)
        {
            (z, Tensor perItem) = Forward(ops, x, condition, Signs(ops, x));
            double logDet = 0;
            foreach (float item in ops.Read(perItem)) logDet += item;
            sum += logDet;
            squares += logDet * logDet;
        }
        double mean = sum / estimates, variance = estimates == 1 ? double.NaN : Math.Max(0, squares - estimates * mean * mean) / (estimates - 1);
        return (z!, mean, Math.Sqrt(variance / estimates));
    }

    private (Tensor X, Tensor LogDet) Integrate(Ops ops, OdeSolver solver, Tensor x, Tensor condition, Tensor? signs, double from, double to)
    {
        OdeState end = solver.Integrate(ops, (Flow: this, Ops: ops, Condition: condition, Signs: signs),
            static (in (ContinuousFlow Flow, Ops Ops, Tensor Condition, Tensor? Signs) s, OdeState at, double t, int evaluation) =>
            {
                (ContinuousFlow flow, Ops ops, Tensor condition, Tensor? signs) = s;
                DirectedField Field(int copies) => (Tensor x, Tensor? direction, out Tensor? derivative) =>
                    flow.At(ops, x, copies == 1 ? condition : Copied(ops, condition, copies), t, evaluation, direction, out derivative);
                (Tensor velocity, Tensor trace) = signs == null ? Divergence.Exact(ops, Field, at.X, flow._field.Past + flow._field.Future + 1)
                    : Divergence.Estimate(ops, Field(1), at.X, signs);
                return new OdeState(velocity, trace);
            }, new OdeState(x, ops.Fill(x.Batch, 1, 1, 0f)), from, to);
        return (end.X, end.Integral!);
    }

    // The field at one time, as one evaluation sees it, and its derivative along a direction.
    private Tensor At(Ops ops, Tensor x, Tensor condition, double t, int evaluation, Tensor? direction, out Tensor? derivative)
    {
        WaveNet field = _places[Math.Min(evaluation, _places.Length - 1)];
        // Of the length of x without naming it, so that a graph may have any.
        Tensor first = ops.Slice(x, 0, 1), zero = ops.Scale(first, 0f), time = ops.Clamp(zero, (float)t, (float)t);
        ops.Free(first);
        ops.Free(zero);
        double d = (1 - t) * (1 - t) + t * t;
        Tensor entering = _isPreconditioned ? ops.Scale(x, (float)(1 / Math.Sqrt(d))) : x,
            output = field.Apply(ops, entering, condition, time, direction, out derivative);
        ops.Free(time);
        if (!_isPreconditioned) return output;
        ops.Free(entering);
        if (derivative != null) derivative = Combine(ops, direction!, (2 * t - 1) / d, derivative, -1 / d);
        return Combine(ops, x, (2 * t - 1) / d, output, -1 / Math.Sqrt(d));
    }

    // a·x + b·y, which takes the place of y.
    private static Tensor Combine(Ops ops, Tensor x, double a, Tensor y, double b)
    {
        Tensor one = ops.Scale(x, (float)a), other = ops.Scale(y, (float)b), sum = ops.Add(one, other);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[one, other, y]) ops.Free(done);
        return sum;
    }

    private static Tensor Copied(Ops ops, Tensor condition, int copies) => condition.Channels == 0 ? condition
        : ops.Take(condition, [.. Enumerable.Range(0, condition.Batch * copies).Select(i => i / copies)]);

    private Tensor Signs(Ops ops, Tensor x) => Signs(ops, x, (uint)Interlocked.Increment(ref _draws));

    private Tensor Signs(Ops ops, Tensor x, uint draw)
    {
        Tensor signs = ops.Rent(x.Batch, x.Channels, x.Length);
        for (int row = 0; row < x.Batch * x.Channels; row++)
        {
            Span<float> values = signs.Row(0, row);
            for (int t = 0; t < values.Length; t++) values[t] = _random.Uniform(draw, (uint)row, t) < 0.5 ? -1f : 1f;
        }
        return signs;
    }
}
