using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class ChannelAffineConstantTests
{
    // y = x·e^s + b, loss = Σ y: ∂/∂b = number of samples, ∂/∂s = Σ x·e^s. A constant gets none, whatever the other is.
    [Theory]
    [InlineData(true, true), InlineData(true, false), InlineData(false, true)]
    public void Only_what_is_trained_gets_a_gradient(bool trainScale, bool trainShift)
    {
        Tensor x = Tensor.From([1f, 2f, 3f, -1f, 0.5f, 4f], 1, 2, 3);
        Tensor logScale = Tensor.From([0f, MathF.Log(2f)], 1, 2, 1), shift = Tensor.From([0.5f, -0.25f], 1, 2, 1);
        if (trainScale) logScale.AsParameter();
        if (trainShift) shift.AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor y = ops.ChannelAffine(x, logScale, shift);
        Assert.Equal([1.5f, 2.5f, 3.5f, -2.25f, 0.75f, 7.75f], y.Span.ToArray());
        tape.Backward(ops.Sum(y));
        Assert.Equal(trainScale ? [6f, 7f] : null, logScale.Grad?.Span.ToArray());
        Assert.Equal(trainShift ? [3f, 3f] : null, shift.Grad?.Span.ToArray());
    }
}
