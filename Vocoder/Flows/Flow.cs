using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// One invertible layer. <see cref="Forward"/> normalises (x → z) and gives log |det dz/dx|, <see cref="Inverse"/> generates (z → x).
/// Tensors are [batch, channels, time]; the condition has the same batch and time, or is <see cref="NoCondition"/>.
/// </summary>
public abstract class Flow
{
    /// <summary>The condition of a flow that was created with no condition channels.</summary>
    public static Tensor NoCondition { get; } = new(1, 0, 0);

    /// <summary>x → z, with the log-determinant summed over batch and time as [1,1,1].</summary>
    public abstract Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet);

    /// <summary>z → x.</summary>
    public abstract Tensor Inverse(Ops ops, Tensor z, Tensor condition);

    /// <summary>Multiply-accumulates per time step when generating.</summary>
    public virtual long MacsPerStep => 0;

    /// <summary>Past steps that an output depends on.</summary>
    public virtual int Past => 0;

    /// <summary>Future steps that an output depends on; 0 when the layer can stream.</summary>
    public virtual int Future => 0;
}
