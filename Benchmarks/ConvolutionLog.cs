using FlowVocoder.Compute;

namespace FlowVocoder.Benchmarks;

/// <summary>Operations that write down their convolutions, so that they can be run alone.</summary>
internal sealed class ConvolutionLog(Tape tape) : CpuOps(tape: tape)
{
    /// <summary>Each kind of call and how often it came.</summary>
    public Dictionary<ConvolutionCall, int> Calls { get; } = [];

    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        var call = new ConvolutionCall(x.Batch, x.Channels, x.Length, weight.Length, shape, weight.Batch, bias != null, add != null, x.RequiresGrad);
        Calls[call] = Calls.GetValueOrDefault(call) + 1;
        return base.Conv1d(x, weight, bias, shape, add, site);
    }
}
