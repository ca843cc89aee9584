using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>Operations on one thread allocate nothing once their results, scratch and packed weights are there.</summary>
public class AllocationTests
{
    private const int Batch = 2, Channels = 8, Length = 5000, Group = 4;
    private static readonly Random s_random = new(1);
    private static readonly Tensor s_x = Samples.Normal(s_random, Batch, Channels, Length), s_other = Samples.Normal(s_random, Batch, Channels, Length);
    private static readonly Tensor s_one = Samples.Normal(s_random, 1, 1, 1), s_shift = Samples.Normal(s_random, 1, Channels, 1);
    private static readonly Tensor s_weight = Samples.Normal(s_random, 12, Channels, 3), s_bias = Samples.Normal(s_random, 1, 12, 1);
    private static readonly Tensor s_told = Samples.Normal(s_random, 12, Channels, 1), s_back = Samples.Normal(s_random, Channels, 6, 1);

    private static readonly Tensor s_audio = Samples.Normal(s_random, Batch, 1, Length), s_window = Samples.Normal(s_random, 1, 1, 64);
    private static readonly Tensor s_spectra = Samples.Normal(s_random, Batch, 66, 700);
    private static readonly Tensor s_splines = Samples.Normal(s_random, 1, 5 * Channels, 1);

    private static readonly Tensor s_gates = Samples.Normal(s_random, 1, 4 * 70, 40), s_recurrent = Samples.Normal(s_random, 4 * 70, 70, 1, 0.1),
        s_gateBias = Samples.Normal(s_random, 1, 4 * 70, 1), s_state = Samples.Normal(s_random, 1, 70, 1),
        s_queries = Samples.Normal(s_random, 1, 70, 50), s_keys = Samples.Normal(s_random, 1, 70, 30);

    private static readonly int[] s_items = [1, -1, 0, 1];

    // What is longer than a loop that several threads would share, so that the closures of those loops would show too.
    private static readonly Dictionary<string, Action<CpuOps>> s_operations = new()
    {
        ["Conv1d"] = ops => ops.Conv1d(s_x, s_weight, s_bias, new ConvShape(2, 4)),
        ["Conv1d, rows"] = ops => ops.Conv1d(s_x, s_weight, s_bias, new ConvShape(1, 1, 3, 8), s_other),
        ["GatedLayer"] = ops => ops.GatedLayer(s_x, s_other, s_other, new GatedLayer(new ConvWeights(s_weight, s_bias, new ConvShape(2, 4)),
            new ConvWeights(s_told, null), new ConvWeights(s_back, null), new ConvWeights(s_back, null))),
        ["Gate"] = ops => ops.Gate(s_x),
        ["Add"] = ops => ops.Add(s_x, s_other),
        ["Multiply"] = ops => ops.Multiply(s_x, s_other),
        ["Scale"] = ops => ops.Scale(s_x, 2f),
        ["Exp"] = ops => ops.Exp(s_x),
        ["Tanh"] = ops => ops.Tanh(s_x),
        ["Magnitude"] = ops => ops.Magnitude(s_x, 1f),
        ["Sqrt"] = ops => ops.Sqrt(s_x, 10f),
        ["Log"] = ops => ops.Log(s_x, 10f),
        ["LeakyRelu"] = ops => ops.LeakyRelu(s_x),
        ["Relu"] = ops => ops.Relu(s_x),
        ["Take"] = ops => ops.Take(s_x, s_items, 2),
        ["Affine"] = ops => ops.Affine(s_x, s_other, s_x),
        ["AffineInverse"] = ops => ops.AffineInverse(s_x, s_other, s_x),
        ["ChannelAffine"] = ops => ops.ChannelAffine(s_x, s_shift, s_shift),
        ["ChannelAffineInverse"] = ops => ops.ChannelAffineInverse(s_x, s_shift, s_shift),
        ["ChannelScale"] = ops => ops.ChannelScale(s_x, s_shift),
        ["Spline"] = ops => ops.Spline(s_x, s_splines, 2f),
        ["SplineInverse"] = ops => ops.SplineInverse(s_x, s_splines, 2f),
        ["Mix"] = ops => ops.Mix(s_x, s_x),
        ["Slice"] = ops => ops.Slice(s_x, 1, 3),
        ["Concat"] = ops => ops.Concat(s_x, s_other),
        ["Crop"] = ops => ops.Crop(s_x, 10, 3000),
        ["Reshape"] = ops => ops.Reshape(s_x, 1, 1, s_x.Size),
        ["Transpose"] = ops => ops.Transpose(s_x),
        ["Fold"] = ops => ops.Fold(s_x, Group),
        ["Unfold"] = ops => ops.Unfold(s_x, Group),
        ["Stft"] = ops => ops.Stft(s_audio, s_window, 16),
        ["OverlapAdd"] = ops => ops.OverlapAdd(s_spectra, s_window, 16),
        ["Sum"] = ops => ops.Sum(s_x),
        ["OverSteps"] = ops => ops.OverSteps(s_one, s_x, 2f),
        ["SumSquares"] = ops => ops.SumSquares(s_x),
        ["Lstm"] = ops => ops.Lstm(s_gates, s_recurrent, s_gateBias, s_state, s_state),
        ["AdditiveScores"] = ops => ops.AdditiveScores(s_queries, s_keys, s_state),
        ["LogSoftmax"] = ops => ops.LogSoftmax(s_x),
    };

    public static TheoryData<string> Operations => [.. s_operations.Keys];

    [Theory, MemberData(nameof(Operations))]
    public void An_operation_allocates_nothing(string name)
    {
        var ops = new CpuOps();
        Action<CpuOps> operation = s_operations[name];
        void Pass()
        {
            operation(ops);
            ops.Reset();
        }
        for (int i = 0; i < 3; i++) Pass();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_allocates_would_be_noticed()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) GC.KeepAlive(new object());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before >= 160);
    }
}
