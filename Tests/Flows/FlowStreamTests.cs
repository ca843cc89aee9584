using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

/// <summary>
/// Every flow that can stream, in both directions: cut anywhere, on any threads, saved and restored anywhere, it gives the bits of the whole.
/// </summary>
public class FlowStreamTests
{
    private const int Channels = 8, ConditionChannels = 3, Length = 120;
    private static readonly WaveNetConfig s_waveNet = new(3, 8);
    private static readonly FlowStackConfig s_stack = new(Channels, 5, 2, 2, s_waveNet, ConditionChannels, ActNorm: true, Lu: true, LogScaleClamp: 3f);

    /// <summary>A flow in one direction, [1, 8, t] → [1, 8, t] under a condition [1, 3, t].</summary>
    private delegate Tensor Direction(Ops ops, Tensor x, Tensor condition);

    // A new flow is one more line here.
    private static readonly Dictionary<string, Func<ParameterSet, (Direction Forward, Direction Inverse)>> s_flows = new()
    {
        ["ActNorm"] = parameters => Both(new ActNorm(parameters, Channels)),
        ["InvertibleConvolution"] = parameters => Both(new InvertibleConvolution(parameters, Channels, lu: true)),
        ["AffineCoupling"] = parameters => Both(new AffineCoupling(parameters, s_waveNet, Channels, ConditionChannels)),
        ["Maf"] = parameters => Both(new AutoregressiveFlow(parameters, s_waveNet, FlowKind.Maf, Channels, ConditionChannels)),
        ["Iaf"] = parameters => Both(new AutoregressiveFlow(parameters, s_waveNet with { Cycle = 2 }, FlowKind.Iaf, Channels, ConditionChannels)),
        ["ElementwiseSpline"] = parameters => Both(new ElementwiseSpline(parameters, Channels)),
        ["SplineCoupling"] = parameters => Both(new SplineCoupling(parameters, s_waveNet, Channels, ConditionChannels)),
        ["ChannelSwap"] = _ => Both(new ChannelSwap()),
        ["FlowChain"] = parameters => Both(new FlowChain(
        [
            new AffineCoupling(parameters.Scope("0"), s_waveNet, Channels, ConditionChannels), new ChannelSwap(),
            new AffineCoupling(parameters.Scope("1"), s_waveNet, Channels, ConditionChannels),
            new AutoregressiveFlow(parameters.Scope("2"), s_waveNet, FlowKind.Maf, Channels, ConditionChannels),
        ])),
        ["ContinuousFlow"] = parameters => Both(new ContinuousFlow(parameters, s_waveNet, Channels, ConditionChannels, new OdeSolver(OdeMethod.Midpoint, 2))),
        ["ContinuousFlow, preconditioned"] = parameters =>
            Both(new ContinuousFlow(parameters, s_waveNet with { Kernel = 2 }, Channels, ConditionChannels, new OdeSolver(OdeMethod.Rk4, 2),
                isPreconditioned: true)),
        ["FlowStack"] = parameters => Stack(new FlowStack(parameters, s_stack)),
        ["FlowStack, Maf"] = parameters => Stack(new FlowStack(parameters, s_stack with { Kind = FlowKind.Maf })),
        ["FlowStack, Iaf"] = parameters => Stack(new FlowStack(parameters, s_stack with { Kind = FlowKind.Iaf, ActNorm = false, Lu = false })),
    };

    public static TheoryData<string> Flows => [.. s_flows.Keys];

    private static (Direction, Direction) Both(Flow flow)
    {
        Assert.Equal(0, flow.Future);
        return ((ops, x, condition) => flow.Forward(ops, x, condition, out _), flow.Inverse);
    }

    private static (Direction, Direction) Stack(FlowStack stack)
    {
        Assert.Equal(0, stack.Future);
        return ((ops, x, condition) => stack.Forward(ops, x, condition).Latents.Aggregate(ops.Concat), (ops, z, condition) =>
        {
            int first = 0;
            Tensor Part(int channels) => ops.Slice(z, (first += channels) - channels, channels);
            return stack.Inverse(ops, [.. stack.LatentChannels.Select(Part)], condition);
        });
    }

    [Theory, MemberData(nameof(Flows))]
    public void Any_chunks_on_any_threads_saved_and_restored_anywhere_give_the_bits_of_the_whole(string name)
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 1, Channels, Length), condition = Samples.Normal(random, 1, ConditionChannels, Length);
        var parameters = new ParameterSet(1);
        var (forward, inverse) = s_flows[name](parameters);
        parameters.Randomize(2, 0.1);
        foreach (Direction direction in new[] { forward, inverse })
        {
            Tensor whole = direction(new CpuOps(), x, condition);
            Assert.NotEqual(x.Span.ToArray(), whole.Span.ToArray());
            for (int run = 0; run < 3; run++)
            {
                var state = new StreamState();
                for (int t = 0, count; t < Length; t += count)
                {
                    count = Math.Min(random.Next(1, 5 + 15 * run), Length - t);
                    if (random.Next(3) == 0) state = Moved(state);
                    var ops = new CpuOps(new Parallelism(random.Next(1, 4)), state: state);
                    Tensor part = direction(ops, ops.Crop(x, t, count), ops.Crop(condition, t, count));
                    for (int c = 0; c < Channels; c++) Samples.SameBits(whole.Row(0, c).Slice(t, count), part.Row(0, c), $"channel {c}, steps {t}+{count}");
                }
            }
        }
    }

    private static StreamState Moved(StreamState state)
    {
        using var bytes = new MemoryStream();
        var shapes = state.Slots.ToDictionary(slot => slot.Name, slot => (slot.Values.Batch, slot.Values.Channels, slot.Values.Length));
        StateExchange.To(bytes).Slots(state, shapes);
        bytes.Position = 0;
        var moved = new StreamState();
        StateExchange.From(bytes).Slots(moved, shapes);
        Assert.Equal(state.Bytes, moved.Bytes);
        return moved;
    }
}
