using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class EngineTests
{
    [Fact]
    public void The_managed_engine_makes_operations_that_record_or_do_not()
    {
        Tensor x = Tensor.From([1, 2, 3], 1, 1, 3).AsParameter();
        Ops records = Engine.Managed.Record(new Parallelism(2)), plain = Engine.Managed.Compute();
        records.Backward(records.SumSquares(x));
        Assert.Equal([2, 4, 6], x.Grad!.Span.ToArray());
        Assert.Equal(14, plain.ReadItem(plain.SumSquares(x)));
        Assert.Throws<InvalidOperationException>(() => plain.Backward(plain.Sum(x)));
        Assert.Equal((2, 1), (records.Parallelism.Threads, plain.Parallelism.Threads));
    }

    [Fact]
    public void What_an_engine_keeps_elsewhere_is_saved_and_goes_on_from_host_memory()
    {
        var state = new StreamState();
        Assert.Null(state.Recall("a", 1, 2, 1));
        state.Remember("a", Tensor.Elsewhere(new object(), 1, 2, 1), _ => Tensor.From([3, 4], 1, 2, 1));
        Assert.NotNull(state.Recall("a", 1, 2, 1)!.Payload);
        Assert.Equal(8, state.Bytes);
        Assert.Throws<ArgumentException>(() => state.Recall("a", 1, 2, 2));
        var restored = new StreamState();
        restored.Replace(state.Slots);
        Assert.Equal([3, 4], restored.Recall("a", 1, 2, 1)!.Span.ToArray());
        state.Clear();
        Assert.Null(state.Recall("a", 1, 2, 1));
    }
}
