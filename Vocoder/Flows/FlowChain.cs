using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Layers one after the other, f = f_n ∘ … ∘ f_1: the log-determinant is the sum of theirs, the inverse runs them backwards
/// (Rezende and Mohamed 2015, sec. 3.1).
/// </summary>
public sealed class FlowChain : Flow
{
    /// <summary>Chains at least one layer, in the order in which data passes.</summary>
    /// <exception cref="ArgumentException">There is no layer.</exception>
    public FlowChain(IReadOnlyList<Flow> layers)
    {
        if (layers.Count == 0) throw new ArgumentException("a chain needs at least one layer", nameof(layers));
        Layers = layers;
    }

    /// <summary>The layers, first the one next to the data.</summary>
    public IReadOnlyList<Flow> Layers { get; }

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => Layers.Any(layer => layer.GeneratesStepByStep);

    /// <inheritdoc/>
    public override bool ScoresStepByStep => Layers.Any(layer => layer.ScoresStepByStep);

    /// <inheritdoc/>
    public override long MacsPerStep => Layers.Sum(layer => layer.MacsPerStep);

    /// <inheritdoc/>
    public override int Past => Layers.Sum(layer => layer.Past);

    /// <inheritdoc/>
    public override int Future => Layers.Sum(layer => layer.Future);

    /// <summary>Sets every <see cref="ActNorm"/> from a first batch, so that each normalises what it receives (Glow, sec. 3.1).</summary>
    public void Initialize(Ops ops, Tensor x, Tensor condition)
    {
        foreach (Flow layer in Layers)
        {
            if (layer is ActNorm norm) norm.Initialize(ops, x);
            if (layer is FlowStack stack) stack.Initialize(ops, x, condition);
            x = layer.Forward(ops, x, condition, out _);
        }
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor z = Layers[0].Forward(ops, x, condition, out logDet);
        foreach (Flow layer in Layers.Skip(1))
        {
            z = layer.Forward(ops, z, condition, out Tensor part);
            logDet = ops.Add(logDet, part);
        }
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        foreach (Flow layer in Layers.Reverse()) z = layer.Inverse(ops, z, condition);
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        Tensor x = Layers[^1].Inverse(ops, z, condition, out logDet);
        foreach (Flow layer in Layers.Reverse().Skip(1))
        {
            x = layer.Inverse(ops, x, condition, out Tensor part);
            logDet = ops.Add(logDet, part);
        }
        return x;
    }
}
