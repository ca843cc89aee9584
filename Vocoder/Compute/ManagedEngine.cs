using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute;

/// <summary>SIMD kernels in plain C#, see <see cref="CpuOps"/>.</summary>
internal sealed class ManagedEngine : Engine
{
    public override string Name => "managed";

    public override string Device => Vector512.IsHardwareAccelerated ? "the processor, vectors of 512 bits" : Vector256.IsHardwareAccelerated
        ? "the processor, vectors of 256 bits" : "the processor";

    public override Ops Compute(Parallelism? parallelism = null, StreamState? state = null) => new CpuOps(parallelism, state: state);

    public override Ops Record(Parallelism? parallelism = null) => new CpuOps(parallelism, new Tape());
}
