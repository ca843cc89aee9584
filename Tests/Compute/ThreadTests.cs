using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>Results and gradients of tensors that are large enough to be shared by threads: the same bits for any number of them.</summary>
public class ThreadTests
{
    private static readonly (int, int, int) s_large = (3, 12, 4001), s_vector = (1, 12, 1);

    private static readonly Tensor s_window = Samples.Normal(new Random(4), 1, 1, 64, 0.3);

    // Shapes of the inputs, and the operation.
    private static readonly Dictionary<string, ((int Batch, int Channels, int Length)[] Shapes, Func<Ops, Tensor[], Tensor> Run)> s_operations = new()
    {
        ["Gate"] = ([s_large], (ops, x) => ops.Gate(x[0])),
        ["Add"] = ([s_large, s_large], (ops, x) => ops.Add(x[0], x[1])),
        ["Add of two from one"] = ([s_large], (ops, x) => ops.Add(ops.Scale(x[0], 2f), x[0])),
        ["Multiply"] = ([s_large, s_large], (ops, x) => ops.Multiply(x[0], x[1])),
        ["Scale"] = ([s_large], (ops, x) => ops.Scale(x[0], 1.7f)),
        ["Exp"] = ([s_large], (ops, x) => ops.Exp(x[0])),
        ["Tanh"] = ([s_large], (ops, x) => ops.Tanh(x[0])),
        ["Magnitude"] = ([s_large], (ops, x) => ops.Magnitude(x[0], 0.3f)),
        ["Sqrt"] = ([s_large], (ops, x) => ops.Sqrt(ops.Multiply(x[0], x[0]), 0.3f)),
        ["Log"] = ([s_large], (ops, x) => ops.Log(ops.Multiply(x[0], x[0]), 0.3f)),
        ["LeakyRelu"] = ([s_large], (ops, x) => ops.LeakyRelu(x[0])),
        ["Relu"] = ([s_large], (ops, x) => ops.Relu(x[0])),
        ["Take"] = ([s_large], (ops, x) => ops.Take(x[0], [2, -1, 0, 0, 1, 2], 2)),
        ["Affine"] = ([s_large, s_large, s_large], (ops, x) => ops.Affine(x[0], x[1], x[2])),
        ["AffineInverse"] = ([s_large, s_large, s_large], (ops, x) => ops.AffineInverse(x[0], x[1], x[2])),
        ["ChannelAffine"] = ([s_large, s_vector, s_vector], (ops, x) => ops.ChannelAffine(x[0], x[1], x[2])),
        ["ChannelAffineInverse"] = ([s_large, s_vector, s_vector], (ops, x) => ops.ChannelAffineInverse(x[0], x[1], x[2])),
        ["ChannelScale"] = ([s_large, s_vector], (ops, x) => ops.ChannelScale(x[0], x[1])),
        ["Reshape"] = ([s_large], (ops, x) => ops.Reshape(x[0], 9, 4, 4001)),
        ["Transpose"] = ([s_large], (ops, x) => ops.Transpose(x[0])),
        ["Mix"] = ([s_large, (3, 12, 4001)], (ops, x) => ops.Mix(x[0], x[1])),
        ["Fold"] = ([(3, 12, 4000)], (ops, x) => ops.Fold(x[0], 8)),
        ["Unfold"] = ([s_large], (ops, x) => ops.Unfold(x[0], 4)),
        ["Conv1d"] = ([s_large, (17, 12, 3), (1, 17, 1)], (ops, x) => ops.Conv1d(x[0], x[1], x[2], new ConvShape(2, 4))),
        ["Conv1d of few steps, large"] = ([(1, 150, 9), (230, 150, 3), (1, 230, 1)], (ops, x) => ops.Conv1d(x[0], x[1], x[2], new ConvShape(1, 2))),
        ["Conv1d added to its input"] = ([s_large, (12, 12, 1)], (ops, x) => ops.Conv1d(x[0], x[1], null, add: x[0])),
        ["Conv1d of a large weight"] = ([(1, 120, 20), (250, 120, 3)], (ops, x) => ops.Conv1d(x[0], x[1], null, new ConvShape(1, 1))),
        ["Stft"] = ([(3, 1, 9001)], (ops, x) => ops.Stft(x[0], s_window, 16)),
        ["OverlapAdd"] = ([(3, 66, 600), (3, 1, 9648)], (ops, x) => ops.OverlapAdd(x[0], s_window, 16, x[1])),
        ["WeightNorm"] = ([(60, 12, 300), (60, 1, 1)], (ops, x) => ops.WeightNorm(x[0], x[1])),
        ["Lstm"] = ([(1, 4 * 70, 20), (4 * 70, 70, 1), (1, 4 * 70, 1), (1, 70, 1), (1, 70, 1)], (ops, x) => ops.Lstm(x[0], x[1], x[2], x[3], x[4])),
        ["AdditiveScores"] = ([(1, 70, 50), (1, 70, 30), (1, 70, 1)], (ops, x) => ops.AdditiveScores(x[0], x[1], x[2])),
        ["LogSoftmax"] = ([s_large], (ops, x) => ops.LogSoftmax(x[0])),
        ["SumSquares"] = ([s_large], (ops, x) => ops.Scale(ops.SumSquares(x[0]), 1e-4f)),
    };

    public static TheoryData<string> Operations => [.. s_operations.Keys];

    [Theory, MemberData(nameof(Operations))]
    public void Any_number_of_threads_gives_the_same_bits(string name)
    {
        var random = new Random(3);
        var (shapes, run) = s_operations[name];
        Tensor[] inputs = [.. shapes.Select(s => Samples.Normal(random, s.Batch, s.Channels, s.Length, 0.3).AsParameter())];
        float[][]? reference = null;
        for (int threads = 1; threads <= 4; threads++)
        {
            foreach (Tensor input in inputs) input.Grad = null;
            var tape = new Tape();
            var ops = new CpuOps(new Parallelism(threads), tape);
            // Through a copy, so that gradients of intermediate results are made too; a curve, so that they differ from element to element.
            Tensor y = run(ops, [.. inputs.Select(input => ops.Scale(input, 1f))]);
            float[] value = y.Span.ToArray();
            tape.Backward(ops.SumSquares(ops.Tanh(y)));
            float[][] found = [value, .. inputs.Select(input => input.Grad!.Span.ToArray())];
            Assert.All(found, values => Assert.Contains(values, v => v != 0));
            reference ??= found;
            for (int i = 0; i < found.Length; i++)
                Samples.SameBits(reference[i], found[i], $"{threads} threads, {(i == 0 ? "result" : $"gradient of input {i - 1}")}");
        }
    }

    // Tells in time whether a thread sleeps, whatever else the machine does.
    [Fact]
    public void Who_waits_long_for_a_turn_sleeps()
    {
        var turn = new Turn();
        var thread = new Thread(() => turn.Await(1, new StreamState())) { IsBackground = true };
        thread.Start();
        // Asleep for most of a second look, where one that spins never is.
        int asleep = 0;
        Assert.True(SpinWait.SpinUntil(() =>
        {
            if (thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin)) asleep++;
            return asleep >= 20;
        }, TimeSpan.FromMinutes(1)));
        turn.Pass(0);
        Assert.True(thread.Join(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void A_step_that_throws_ends_the_loop_and_not_the_process()
    {
        var threads = new Parallelism(3);
        for (int run = 0; run < 200; run++)
        {
            var done = new int[64];
            int bad = run % 64;
            var e = Assert.Throws<InvalidOperationException>(() => threads.For(64, (done, bad), static (i, in s) =>
            {
                Interlocked.Increment(ref s.done[i]);
                if (i == s.bad) throw new InvalidOperationException($"step {i}");
            }));
            Assert.Equal($"step {bad}", e.Message);
            // Nobody works on it any more, and the next loop is whole.
            int[] after = new int[64];
            threads.For(64, after, static (i, in a) => Interlocked.Increment(ref a[i]));
            Assert.All(after, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void A_helper_does_not_keep_what_it_worked_on()
    {
        var threads = new Parallelism(3);
        var weak = new List<WeakReference>();
        for (int run = 0; run < 20; run++) weak.Add(Work(threads));
        Assert.True(SpinWait.SpinUntil(() =>
        {
            GC.Collect();
            return weak.TrueForAll(reference => !reference.IsAlive);
        }, TimeSpan.FromMinutes(1)));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference Work(Parallelism threads)
    {
        var large = new float[1 << 16];
        threads.For(64, large, static (i, in values) => values[i] = i);
        return new WeakReference(large);
    }
}
