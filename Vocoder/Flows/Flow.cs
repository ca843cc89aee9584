using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// One invertible layer. <see cref="Forward"/> normalises (x → z) and gives log |det dz/dx|, <see cref="Inverse"/> generates (z → x).
/// Tensors are [batch, channels, time]; the condition has the same batch and time.
/// </summary>
public abstract class Flow
{
    /// <summary>What goes with <paramref name="x"/> in a flow that was created for no condition channels: [batch, 0, time].</summary>
    public static Tensor NoCondition(Tensor x) => new(x.Batch, 0, x.Length);

    /// <summary>x → z, with the log-determinant summed over batch and time as [1,1,1].</summary>
    public abstract Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet);

    /// <summary>z → x.</summary>
    public abstract Tensor Inverse(Ops ops, Tensor z, Tensor condition);

    /// <summary>
    /// z → x with log |det dx/dz| summed over batch and time as [1,1,1], so that what is generated can be scored as it is made. Unless a layer
    /// knows better it is the negative of what <see cref="Forward"/> gives for x.
    /// </summary>
    public virtual Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        Tensor x = Inverse(ops, z, condition);
        Forward(ops, x, condition, out Tensor forward);
        logDet = ops.Scale(forward, -1f);
        return x;
    }

    /// <summary>
    /// Whether <see cref="Inverse(Ops, Tensor, Tensor)"/> goes step by step: orders of magnitude slower than a parallel pass, and without gradients.
    /// </summary>
    public virtual bool GeneratesStepByStep => false;

    /// <summary>Whether <see cref="Forward"/> goes step by step.</summary>
    public virtual bool ScoresStepByStep => false;

    /// <summary>Multiply-accumulates per time step when generating.</summary>
    public virtual long MacsPerStep => 0;

    /// <summary>Past steps that an output depends on.</summary>
    public virtual int Past => 0;

    /// <summary>Future steps that an output depends on; 0 when the layer can stream.</summary>
    public virtual int Future => 0;
}

/// <summary>A layer whose log-determinant may be taken another way in training than by what it is.</summary>
public interface IApproximateLogDet
{
    /// <summary>Whether the log-determinant is exact; else it is what suits training, estimated or smoothed.</summary>
    bool Exact { get; set; }
}

/// <summary>A layer that scales and shifts every sample by itself, given those before it: log |dv/du| has a value for each sample.</summary>
internal interface IElementwiseFlow
{
    /// <summary>The parallel direction, u → v, with log |dv/du| of each sample, [b, c, t].</summary>
    Tensor Transform(Ops ops, Tensor u, Tensor condition, bool generating, out Tensor logScale);
}
