using FlowVocoder.Compute;
using FlowVocoder.Flows;

namespace FlowVocoder.Training.Demo;

/// <summary>A density of the plane: a flow with its weights, and what can be asked of it. Points are [1, 2, n]: a row of x, a row of y.</summary>
public sealed class PlaneModel
{
    // Points at a time: enough for the kernels, and little memory.
    private const int Chunk = 4096;

    private readonly CpuOps _ops;

    /// <summary>Creates an untrained model.</summary>
    public PlaneModel(PlaneFlow kind, ulong seed, Parallelism? parallelism = null)
    {
        Kind = kind;
        Parameters = new ParameterSet(seed);
        Chain = kind.Create(Parameters);
        _ops = new CpuOps(parallelism);
    }

    /// <summary>What it is made of.</summary>
    public PlaneFlow Kind { get; }

    /// <summary>Its weights.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The flow; its tensors are [1, 2, n], or [n, 1, 2] for <see cref="PlaneFlow.Sequences"/>.</summary>
    public FlowChain Chain { get; }

    /// <summary>From now on log-determinants that can be computed exactly are, and not estimated as in training.</summary>
    public void EvaluateExactly()
    {
        foreach (IApproximateLogDet flow in Chain.Layers.OfType<IApproximateLogDet>()) flow.Exact = true;
    }

    /// <summary>Mean log-likelihood of points, in nats per point.</summary>
    public double LogLikelihood(Tensor points)
    {
        double sum = 0;
        InChunks(points, part =>
        {
            Tensor z = Chain.Forward(_ops, part, Flow.NoCondition(part), out Tensor logDet);
            sum += logDet.Item - 0.5 * _ops.SumSquares(z).Item;
            return z;
        });
        return sum / points.Length - Math.Log(2 * Math.PI);
    }

    /// <summary>Latent points of data points.</summary>
    public Tensor ToLatent(Tensor points) => InChunks(points, part => Chain.Forward(_ops, part, Flow.NoCondition(part), out _));

    /// <summary>Data points of latent points.</summary>
    public Tensor ToData(Tensor latent) => InChunks(latent, part => Chain.Inverse(_ops, part, Flow.NoCondition(part)));

    /// <summary>
    /// The density on a grid of squares that covers ±<paramref name="extent"/>, row after row from the bottom left, in units of 1/area. By the change of
    /// variables as one draws it: a square is as likely as the patch of the latent plane to which the flow carries it.
    /// </summary>
    public float[] Density(double extent, int squares)
    {
        int corners = squares + 1;
        double side = 2 * extent / squares;
        var points = new Tensor(1, 2, corners * corners);
        for (int i = 0; i < points.Length; i++)
        {
            points.Row(0, 0)[i] = (float)(i % corners * side - extent);
            points.Row(0, 1)[i] = (float)(i / corners * side - extent);
        }
        Tensor latent = ToLatent(points);
        var density = new float[squares * squares];
        for (int i = 0; i < density.Length; i++)
        {
            int a = i / squares * corners + i % squares;
            density[i] = (float)(Patch(latent, [a, a + 1, a + 1 + corners, a + corners]) / (side * side));
        }
        return density;
    }

    // Probability of a quadrilateral under the standard normal: its area by the shoelace formula, and the density in its middle.
    private static double Patch(Tensor latent, ReadOnlySpan<int> corners)
    {
        double area = 0, middleX = 0, middleY = 0;
        for (int k = 0; k < 4; k++)
        {
            int i = corners[k], j = corners[(k + 1) % 4];
            double x = latent.Row(0, 0)[i], y = latent.Row(0, 1)[i];
            area += 0.5 * (x * latent.Row(0, 1)[j] - latent.Row(0, 0)[j] * y);
            middleX += 0.25 * x;
            middleY += 0.25 * y;
        }
        return Math.Abs(area) * Math.Exp(-0.5 * (middleX * middleX + middleY * middleY)) / (2 * Math.PI);
    }

    private Tensor InChunks(Tensor points, Func<Tensor, Tensor> run)
    {
        var result = new Tensor(1, 2, points.Length);
        for (int start = 0; start < points.Length; start += Chunk)
        {
            int count = Math.Min(Chunk, points.Length - start);
            Tensor part = FromFlow(run(ToFlow(_ops.Crop(points, start, count))));
            for (int c = 0; c < 2; c++) part.Row(0, c).CopyTo(result.Row(0, c)[start..]);
            _ops.Reset();
        }
        return result;
    }

    /// <summary>[1, 2, n] as the flow wants it.</summary>
    internal Tensor ToFlow(Tensor points)
    {
        if (!Kind.Sequences) return points;
        var pairs = new Tensor(points.Length, 1, 2);
        for (int i = 0; i < points.Length; i++)
            for (int c = 0; c < 2; c++) pairs.Row(i, 0)[c] = points.Row(0, c)[i];
        return pairs;
    }

    private Tensor FromFlow(Tensor tensor)
    {
        if (!Kind.Sequences) return tensor;
        var points = new Tensor(1, 2, tensor.Batch);
        for (int i = 0; i < tensor.Batch; i++)
            for (int c = 0; c < 2; c++) points.Row(0, c)[i] = tensor.Row(i, 0)[c];
        return points;
    }
}
