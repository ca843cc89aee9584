using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class TapeTests
{
    [Fact]
    public void Gradients_of_parameters_add_up_over_passes_and_outlive_them()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 2, 4, 30), weight = Samples.Normal(random, 6, 4, 3).AsParameter(),
            gated = Samples.Normal(random, 2, 6, 30).AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        void Pass()
        {
            tape.Backward(ops.SumSquares(ops.Gate(gated)));
            tape.Backward(ops.SumSquares(ops.Gate(ops.Concat(ops.Conv1d(x, weight, null, new ConvShape(1, 2)), gated))));
            ops.Reset();
            // What the workspace took back is used again: a gradient that lived there would be overwritten.
            for (int i = 0; i < 40; i++) ops.Rent(2, 6, 30).Span.Fill(float.NaN);
            ops.Reset();
        }
        Pass();
        float[] weightOnce = weight.Grad!.Span.ToArray(), gatedOnce = gated.Grad!.Span.ToArray();
        Assert.All(weightOnce.Concat(gatedOnce), v => Assert.True(float.IsFinite(v)));
        Pass();
        Samples.Close([.. weightOnce.Select(v => 2.0 * v)], weight.Grad.Span, 1e-4, "weight");
        Samples.Close([.. gatedOnce.Select(v => 2.0 * v)], gated.Grad.Span, 1e-4, "gated");
    }

    [Fact]
    public void Constants_receive_no_gradient()
    {
        var random = new Random(2);
        Tensor parameter = Samples.Normal(random, 1, 4, 6).AsParameter(), constant = Samples.Normal(random, 1, 4, 6);
        Tensor v = Samples.Normal(random, 4, 4, 1).AsParameter(), gain = Samples.Normal(random, 4, 1, 1), scale = Samples.Normal(random, 1, 4, 1),
            shift = new Tensor(1, 4, 1).AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor y = ops.Affine(ops.Multiply(parameter, constant), constant, ops.Add(parameter, constant));
        y = ops.ChannelAffineInverse(ops.ChannelAffine(ops.Conv1d(y, ops.WeightNorm(v, gain), null), scale, shift), scale, shift);
        tape.Backward(ops.Sum(y));
        Assert.All(new[] { constant, gain, scale }, t => Assert.Null(t.Grad));
        Assert.All(new[] { parameter, v, shift }, t => Assert.NotNull(t.Grad));
    }

    [Fact]
    public void Without_parameters_nothing_is_recorded()
    {
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor x = Tensor.From([1, 2, 3], 1, 3, 1), y = ops.Tanh(x), loss = ops.Sum(y);
        tape.Backward(loss);
        Assert.False(loss.RequiresGrad);
        Assert.Null(y.Grad);
        Assert.Null(x.Grad);
    }

    [Fact]
    public void Only_a_scalar_can_be_a_loss() =>
        Assert.Contains("[1, 2, 1]", Assert.Throws<ArgumentException>(() => new Tape().Backward(new Tensor(1, 2, 1))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_stream_cannot_be_recorded() => Assert.Throws<ArgumentException>(() => new CpuOps(tape: new Tape(), state: new StreamState()));
}
