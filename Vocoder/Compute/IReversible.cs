namespace FlowVocoder.Compute;

/// <summary>Steps that undo each other, for <see cref="Ops.Reversible"/>. All tensors are [batch, channels, time] of one shape.</summary>
public interface IReversible
{
    /// <summary>Number of steps.</summary>
    int Steps { get; }

    /// <summary>A step, with log |det| summed over batch and time as [1,1,1].</summary>
    Tensor Forward(Ops ops, int step, Tensor x, Tensor condition, out Tensor logDet);

    /// <summary>Undoes <see cref="Forward"/>.</summary>
    Tensor Inverse(Ops ops, int step, Tensor z, Tensor condition);
}
