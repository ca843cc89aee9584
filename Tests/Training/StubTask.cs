using FlowVocoder.Compute;
using FlowVocoder.Training;

namespace FlowVocoder.Tests.Training;

/// <summary>What goes wrong in a step of a <see cref="StubTask"/>.</summary>
internal enum Fault { None, LossIsNaN, LossIsInfinite, GradientIsNotFinite }

/// <summary>A parabola to descend, Σ(w - 1)² + an offset told for each step, with faults on demand.</summary>
internal sealed class StubTask : ITrainingTask
{
    private readonly Tensor _w, _minusOne = Tensor.From([-1, -1, -1], 1, 3, 1);

    public StubTask()
    {
        _w = Parameters.Values("w", [4, -3, 2], 3);
        Parameters.Fixed("constant", [5, 6], 2);
    }

    public Func<long, Fault> Fault { get; init; } = _ => Training.Fault.None;

    public Func<long, float> Offset { get; init; } = _ => 0;

    /// <summary>The likelihood that the n-th validation finds.</summary>
    public Func<int, double> HeldOut { get; init; } = _ => 1.5;

    /// <summary>The weights that each validation saw.</summary>
    public List<float[]> Validated { get; } = [];

    public bool Initialized { get; private set; }

    public float[] Weights => _w.Span.ToArray();

    public ParameterSet Parameters { get; } = new();

    public double SecondsPerStep => 2;

    public void Finish(Ops ops) => _w.Span[1] = 99;

    // Changes a weight, as a data-dependent initialisation does.
    public void Initialize(Ops ops)
    {
        Initialized = true;
        _w.Span[0] = 7;
        _w.MarkChanged();
    }

    public StepResult Loss(Ops ops, long step)
    {
        Fault fault = Fault(step);
        Tensor loss = ops.Add(ops.SumSquares(ops.Add(_w, _minusOne)), Tensor.From([Offset(step)], 1, 1, 1));
        if (fault == Training.Fault.LossIsNaN) loss = ops.Scale(loss, float.NaN);
        if (fault == Training.Fault.LossIsInfinite) loss = ops.Scale(loss, float.PositiveInfinity);
        // √0 is 0, with an infinite slope.
        if (fault == Training.Fault.GradientIsNotFinite) loss = ops.Add(loss, ops.Sum(ops.Sqrt(ops.Scale(ops.Multiply(_w, _w), 0f), 0f)));
        return new StepResult(loss, step, 10 * step, 100 * step);
    }

    public StepResult Validate(Ops ops)
    {
        Validated.Add(Weights);
        return new StepResult(null, HeldOut(Validated.Count), 2.5, 3.5);
    }
}
