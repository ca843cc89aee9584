using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>What is made of parameters alone is made as seldom as may be, and never stays behind a parameter that has changed.</summary>
public class DerivedTensorTests
{
    private readonly Tensor _direction = Tensor.From([3f, 4f, 1f, 0f], 2, 2, 1).AsParameter(), _gain = Tensor.From([10f, 2f], 2, 1, 1).AsParameter();
    private readonly DerivedTensor _weight;
    private int _made;

    public DerivedTensorTests() => _weight = new DerivedTensor(ops =>
    {
        _made++;
        return ops.WeightNorm(_direction, _gain);
    }, _direction, _gain);

    [Fact]
    public void Without_gradients_it_is_kept_until_a_parameter_changes()
    {
        var ops = new CpuOps();
        Assert.Equal([6f, 8f, 2f, 0f], _weight.Of(ops).Span.ToArray());
        ops.Reset();
        Assert.Same(_weight.Of(ops), _weight.Of(new CpuOps()));
        Assert.Equal(1, _made);
        _gain.Span[0] = 5f;
        _gain.MarkChanged();
        Assert.Equal([3f, 4f, 2f, 0f], _weight.Of(ops).Span.ToArray());
        Assert.Equal(2, _made);
    }

    [Fact]
    public void With_gradients_it_is_made_once_a_pass_however_often_it_is_used()
    {
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor x = Tensor.From([1f, 1f], 1, 2, 1);
        for (int pass = 1; pass <= 2; pass++)
        {
            Tensor y = ops.Add(ops.Conv1d(x, _weight.Of(ops), null), ops.Conv1d(x, _weight.Of(ops), null));
            tape.Backward(ops.Sum(y));
            Assert.Equal(pass, _made);
            // d/dg of 2·g·(v1 + v2)/|v|: 2·7/5 and 2·1.
            Assert.Equal([pass * 2.8f, pass * 2f], _gain.Grad!.Span.ToArray().Select(g => MathF.Round(g, 5)));
            ops.Reset();
        }
    }

    [Fact]
    public void A_frozen_one_is_kept_though_gradients_are_recorded()
    {
        _direction.RequiresGrad = _gain.RequiresGrad = false;
        var ops = new CpuOps(tape: new Tape());
        _weight.Of(ops);
        ops.Reset();
        _weight.Of(ops);
        Assert.Equal(1, _made);
    }
}
