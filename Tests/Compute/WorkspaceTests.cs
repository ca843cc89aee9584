using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Tests.Compute;

public class WorkspaceTests
{
    [Fact]
    public void Tensors_are_used_again_after_a_reset()
    {
        var workspace = new Workspace();
        var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        for (int pass = 0; pass < 5; pass++)
        {
            var random = new Random(1);
            for (int i = 0; i < 50; i++)
            {
                bool isNew = seen.Add(workspace.Rent(random.Next(1, 4), random.Next(1, 30), random.Next(1, 300)));
                Assert.Equal(pass == 0, isNew);
            }
            workspace.Reset();
        }
    }

    [Fact]
    public void A_returned_tensor_is_next_and_is_not_returned_twice()
    {
        var workspace = new Workspace();
        Tensor a = workspace.Rent(1, 3, 100), b = workspace.Rent(1, 3, 100);
        Assert.NotSame(a, b);
        workspace.Return(a);
        workspace.Return(a);
        workspace.Return(new Tensor(1, 3, 100));
        Assert.Same(a, workspace.Rent(3, 1, 100));
        Assert.NotSame(b, workspace.Rent(1, 3, 100));
    }

    [Fact]
    public void A_rented_tensor_has_no_past()
    {
        var workspace = new Workspace();
        Tensor a = workspace.Rent(1, 3, 100);
        a.RequiresGrad = true;
        a.Grad = workspace.Rent(1, 3, 100);
        int version = a.Version;
        workspace.Return(a);
        Tensor again = workspace.Rent(2, 5, 31);
        Assert.Same(a, again);
        Assert.Equal("[2, 5, 31]", again.Shape);
        Assert.False(again.RequiresGrad);
        Assert.Null(again.Grad);
        Assert.NotEqual(version, again.Version);
    }

    [Fact]
    public void Too_large_a_tensor_is_refused()
    {
        var workspace = new Workspace();
        Assert.Throws<OverflowException>(() => workspace.Rent(1, 1 << 16, 1 << 16));
        Assert.Throws<OverflowException>(() => new Tensor(1, 1 << 16, 1 << 16));
    }

    // Gradients of results live from the first that adds to them to the step that passes them on.
    [Fact]
    public void A_backward_pass_takes_little_more_than_the_forward_pass_left()
    {
        var random = new Random(4);
        var parameters = new ParameterSet(3);
        var waveNet = new WaveNet(parameters, new WaveNetConfig(10, 8), 4, 6, 5);
        parameters.Randomize(4);
        Tensor x = Samples.Normal(random, 1, 4, 8000), condition = Samples.Normal(random, 1, 5, 8000);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        long start = GC.GetAllocatedBytesForCurrentThread();
        Tensor loss = ops.SumSquares(waveNet.Apply(ops, x, condition));
        long forward = GC.GetAllocatedBytesForCurrentThread() - start;
        tape.Backward(loss);
        long backward = GC.GetAllocatedBytesForCurrentThread() - start - forward;
        Assert.InRange(forward, 10 * 8000 * sizeof(float) * 8, long.MaxValue);
        Assert.InRange(backward, 0, forward / 2);
        Assert.All(parameters.Items.Where(p => p.Trained), p => Assert.NotNull(p.Value.Grad));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Repeated_passes_allocate_no_tensors(bool record)
    {
        var random = new Random(2);
        var parameters = new ParameterSet(3);
        var waveNet = new WaveNet(parameters, new WaveNetConfig(2, 8), 4, 6, 5);
        parameters.Randomize(4);
        Tensor x = Samples.Normal(random, 1, 4, 8000), condition = Samples.Normal(random, 1, 5, 8000);
        Tape? tape = record ? new Tape() : null;
        var ops = new CpuOps(tape: tape);
        void Pass()
        {
            Tensor loss = ops.SumSquares(waveNet.Apply(ops, x, condition));
            tape?.Backward(loss);
            ops.Reset();
        }
        for (int i = 0; i < 2; i++) Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Pass();
        long perPass = (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
        // The smallest result of a pass has 6·8000 floats.
        Assert.InRange(perPass, 0, 6 * 8000 * sizeof(float) / 2);
    }
}
