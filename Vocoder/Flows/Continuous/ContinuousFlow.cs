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
    private readonly WaveNet _field;
    private readonly Philox _random;
    private int _draws;

    /// <summary>Creates a flow of <paramref name="channels"/> whose vector field is zero at first.</summary>
    /// <param name="parameters">Takes the weights of the field.</param>
    /// <param name="field">Size of the field; it is told the time, whatever this says.</param>
    /// <param name="channels">Channels of x.</param>
    /// <param name="conditionChannels">Channels of the condition, which is the same at all times.</param>
    /// <param name="solver">How the equation is solved.</param>
    /// <param name="seed">Seed of the random signs.</param>
    public ContinuousFlow(ParameterSet parameters, WaveNetConfig field, int channels, int conditionChannels, OdeSolver solver, ulong seed = 0)
    {
        solver.Validate();
        (Solver, _random) = (solver, new Philox(seed));
        _field = new WaveNet(parameters, field with { Timed = true }, channels, channels, conditionChannels);
    }

    /// <summary>How the equation is solved; it may change at any time.</summary>
    public OdeSolver Solver { get; set; }

    /// <summary>
    /// Whether <see cref="Forward"/> computes the trace exactly, by as many derivatives as there are channels times steps that the field sees; else it is
    /// estimated by one.
    /// </summary>
    public bool Exact { get; set; }

    /// <summary>Number of estimates so far: each draws new random signs.</summary>
    internal int Draws { get => _draws; set => _draws = value; }

    /// <inheritdoc/>
    /// <remarks>Of equal steps.</remarks>
    public override long MacsPerStep => _field.MacsPerStep * Evaluations;

    /// <inheritdoc/>
    public override int Past => _field.Past * Evaluations;

    /// <inheritdoc/>
    public override int Future => _field.Future * Evaluations;

    /// <summary>Evaluations of the field in equal steps; a tolerance may need any number.</summary>
    private int Evaluations => Math.Max(1, Solver.Steps) * Solver.Method.Stages;

    /// <summary>v(x, t) for x [b, c, t] at times [b, 1, t], [b, c, t].</summary>
    public Tensor Velocity(Ops ops, Tensor x, Tensor condition, Tensor time) => _field.Apply(ops, x, condition, time, null, out _);

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        (Tensor z, Tensor perItem) = Forward(ops, x, condition, Exact ? null : Signs(ops, x));
        logDet = ops.Sum(perItem);
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) =>
        Solver.Integrate(ops, (state, t) => new OdeState(Directed(ops, condition, t)(state.X, null, out _), null), new OdeState(z, null), 1, 0).X;

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        (Tensor x, Tensor perItem) = Integrate(ops, z, condition, Exact ? null : Signs(ops, z), 1, 0);
        logDet = ops.Sum(perItem);
        return x;
    }

    /// <summary>x → z with the log-determinant of each item, [b, 1, 1]: that of the exact trace, or an estimate with random signs [b, c, t].</summary>
    internal (Tensor Z, Tensor LogDet) Forward(Ops ops, Tensor x, Tensor condition, Tensor? signs) => Integrate(ops, x, condition, signs, 0, 1);

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

    private (Tensor X, Tensor LogDet) Integrate(Ops ops, Tensor x, Tensor condition, Tensor? signs, double from, double to)
    {
        OdeState end = Solver.Integrate(ops, (state, t) =>
        {
            (Tensor velocity, Tensor trace) = signs == null ? Divergence.Exact(ops, copies => Directed(ops, Copied(ops, condition, copies), t), state.X,
                _field.Past + _field.Future + 1)
                : Divergence.Estimate(ops, Directed(ops, condition, t), state.X, signs);
            return new OdeState(velocity, trace);
        }, new OdeState(x, ops.Fill(x.Batch, 1, 1, 0f)), from, to);
        return (end.X, end.Integral!);
    }

    // The field at one time.
    private DirectedField Directed(Ops ops, Tensor condition, double t) => (Tensor x, Tensor? direction, out Tensor? derivative) =>
    {
        Tensor time = ops.Fill(x.Batch, 1, x.Length, (float)t), velocity = _field.Apply(ops, x, condition, time, direction, out derivative);
        ops.Free(time);
        return velocity;
    };

    private static Tensor Copied(Ops ops, Tensor condition, int copies) => condition.Channels == 0 ? condition
        : ops.Take(condition, [.. Enumerable.Range(0, condition.Batch * copies).Select(i => i / copies)]);

    private Tensor Signs(Ops ops, Tensor x)
    {
        uint draw = (uint)Interlocked.Increment(ref _draws);
        Tensor signs = ops.Rent(x.Batch, x.Channels, x.Length);
        for (int row = 0; row < x.Batch * x.Channels; row++)
        {
            Span<float> values = signs.Row(0, row);
            for (int t = 0; t < values.Length; t++) values[t] = _random.Uniform(draw, (uint)row, t) < 0.5 ? -1f : 1f;
        }
        return signs;
    }
}
