using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Training.Losses;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Training.Demo;

/// <summary>Trains a flow on two moons, with new points in every step.</summary>
public static class PlaneTraining
{
    private const uint TrainingStream = 1, TestStream = 2, TrainingNoiseStream = 3, NoiseStream = 4, TimeStream = 5;
    private const float LearningRate = 1e-2f, ClipNorm = 10f;

    /// <summary>Points that no training of this seed sees: [1, 2, count].</summary>
    public static Tensor TestPoints(ulong seed, int count) => TwoMoons.Points(seed, TestStream, 0, count);

    /// <summary>Standard normal points that no training of this seed sees: [1, 2, count].</summary>
    public static Tensor Noise(ulong seed, int count) => Noise(seed, NoiseStream, 0, count);

    private static Tensor Noise(ulong seed, uint stream, long start, int count)
    {
        var z = new Tensor(1, 2, count);
        new Philox(seed).Normal(z, stream, start);
        return z;
    }

    /// <summary>Mean log-likelihood of points [1, 2, n] under a standard normal, the flow that does nothing, in nats per point.</summary>
    public static double NormalLogLikelihood(Tensor points) => -Math.Log(2 * Math.PI) - 0.5 * new CpuOps().SumSquares(points).Item / points.Length;

    /// <summary>Mean log-likelihood of points under the density they come from: no model has more on average.</summary>
    public static double TrueLogLikelihood(Tensor points)
    {
        var ops = new CpuOps();
        return ops.Sum(TwoMoons.LogDensity(ops, points)).Item / points.Length;
    }

    /// <summary>
    /// Trains by maximum likelihood, a continuous flow by flow matching, or, where scoring goes step by step and has no gradient, by drawing from the flow and
    /// comparing with the density, which is known here (see <see cref="Divergence"/>).
    /// </summary>
    /// <param name="kind">The flow.</param>
    /// <param name="steps">Updates, at least 1.</param>
    /// <param name="seed">Of weights and points.</param>
    /// <param name="parallelism">Threads; the result does not depend on them.</param>
    /// <param name="progress">Told after every step: its number from 1 and its loss, in nats per point.</param>
    /// <param name="cancellation">Ends the training.</param>
    public static PlaneModel Train(PlaneFlow kind, int steps, ulong seed, Parallelism? parallelism = null, Action<int, double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var model = new PlaneModel(kind, seed, parallelism);
        var tape = new Tape();
        var ops = new CpuOps(parallelism, tape);
        var adam = new Adam(model.Parameters, new AdamConfig(ClipNorm: ClipNorm));
        Tensor first = model.ToFlow(TwoMoons.Points(seed, TrainingStream, 0, kind.Batch));
        model.Chain.Initialize(new CpuOps(parallelism), first, Flow.NoCondition(first));
        for (int step = 1; step <= steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = (long)(step - 1) * kind.Batch;
            Tensor loss = kind.Matches ? Matching(ops, model, seed, start)
                : model.Chain.ScoresStepByStep ? Divergence(ops, model, Noise(seed, TrainingNoiseStream, start, kind.Batch), Annealing(step, steps))
                : NegativeLogLikelihood(ops, model, TwoMoons.Points(seed, TrainingStream, start, kind.Batch));
            double nats = loss.Item;
            tape.Backward(loss);
            adam.Step(0.5 * LearningRate * (1 + Math.Cos(Math.PI * (step - 1) / steps)), adam.GradientNorm());
            adam.ClearGradients();
            ops.Reset();
            progress?.Invoke(step, nats);
        }
        model.EvaluateExactly();
        return model;
    }

    // New points, noise and times in every step.
    private static Tensor Matching(Ops ops, PlaneModel model, ulong seed, long start)
    {
        Tensor points = TwoMoons.Points(seed, TrainingStream, start, model.Kind.Batch), time = new(1, 1, model.Kind.Batch);
        var random = new Philox(seed);
        for (int i = 0; i < time.Length; i++) time.Span[i] = (float)random.Uniform(TimeStream, 0, start + i);
        return FlowMatching.Loss(ops, (ContinuousFlow)model.Chain.Layers[0], points, Noise(seed, TrainingNoiseStream, start, model.Kind.Batch),
            Flow.NoCondition(points), time);
    }

    // -log p(x) = log 2π + z²/2 - log |det dz/dx|, the mean over points.
    private static Tensor NegativeLogLikelihood(Ops ops, PlaneModel model, Tensor points)
    {
        Tensor x = model.ToFlow(points), z = model.Chain.Forward(ops, x, Flow.NoCondition(x), out Tensor logDet);
        Tensor sum = ops.Add(ops.Scale(ops.SumSquares(z), 0.5f), ops.Scale(logDet, -1f));
        return AddConstant(ops, ops.Scale(sum, 1f / points.Length), Math.Log(2 * Math.PI));
    }

    /// <summary>
    /// E_z[log q(x) - weight·log p(x)] for the flow q, the density p of the data and x generated from z, by the mean over draws. With weight 1 it is the KL
    /// divergence from q to p, with which van den Oord et al. 2018 (Parallel WaveNet, sec. 4) distil an inverse autoregressive flow from a density that can be
    /// scored; less flattens p.
    /// </summary>
    internal static Tensor Divergence(Ops ops, PlaneModel model, Tensor noise, float weight)
    {
        Tensor z = model.ToFlow(noise), x = model.Chain.Inverse(ops, z, Flow.NoCondition(z), out Tensor logDet);
        Tensor logP = ops.Sum(TwoMoons.LogDensity(ops, model.Kind.Sequences ? ops.Fold(x, 2) : x));
        Tensor sum = ops.Add(ops.Scale(ops.SumSquares(z), -0.5f), ops.Scale(ops.Add(logDet, ops.Scale(logP, weight)), -1f));
        return AddConstant(ops, ops.Scale(sum, 1f / noise.Length), -Math.Log(2 * Math.PI));
    }

    // The density comes into its own little by little (annealing, Rezende and Mohamed 2015, sec. 6.1): a flow that is drawn to one part of it at once leaves
    // the others for good.
    private static float Annealing(int step, int steps) => (float)Math.Min(1, 0.05 + 0.95 * step / (0.8 * steps));

    private static Tensor AddConstant(Ops ops, Tensor x, double constant)
    {
        Tensor number = ops.Rent(1, 1, 1);
        number.Span[0] = (float)constant;
        return ops.Add(x, number);
    }
}
