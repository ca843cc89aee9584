using System.Runtime.CompilerServices;
using System.Text;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

/// <summary>
/// The operations in managed code on the CPU: eager, on a tape when one is given, and with the past of causal operations kept
/// when a state is given. Not thread-safe; many instances may share a model.
/// </summary>
public sealed unsafe partial class CpuOps : Ops
{
    private const int ParallelGrain = 1 << 14;
    private readonly Workspace _workspace = new();
    private readonly Parallelism _parallelism;
    private readonly Tape? _tape;
    private readonly StreamState? _state;

    /// <summary>Creates operations that use the given threads, record on <paramref name="tape"/> and remember in <paramref name="state"/>.</summary>
    public CpuOps(Parallelism? parallelism = null, Tape? tape = null, StreamState? state = null)
    {
        if (tape != null && state != null) throw new ArgumentException("gradients do not flow through a stream", nameof(state));
        _parallelism = parallelism ?? new Parallelism(1);
        _tape = tape;
        _state = state;
    }

    /// <inheritdoc/>
    public override bool IsRecording => _tape != null;

    /// <inheritdoc/>
    public override Tensor Rent(int batch, int channels, int length) => _workspace.Rent(batch, channels, length);

    /// <inheritdoc/>
    public override void Free(Tensor tensor)
    {
        if (_tape == null) _workspace.Return(tensor);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        _tape?.Clear();
        _workspace.Reset();
    }

    private Tensor RentLike(Tensor x) => _workspace.Rent(x.Batch, x.Channels, x.Length);

    // Registers the gradient step of a result when one of its inputs wants gradients.
    private void Record(Tensor result, Tensor a, Tensor? b, Tensor? c, Action backward)
    {
        if (_tape == null || !(a.RequiresGrad || b is { RequiresGrad: true } || c is { RequiresGrad: true })) return;
        result.RequiresGrad = true;
        _tape.Record(() =>
        {
            if (result.Grad != null) backward();
        });
    }

    // The gradient of t to add to; zeros when it is the first.
    private Tensor GradientOf(Tensor t)
    {
        if (t.Grad == null)
        {
            t.Grad = t.IsParameter ? new Tensor(t.Batch, t.Channels, t.Length) : RentLike(t);
            t.Grad.Span.Clear();
        }
        return t.Grad;
    }

    private void Map<TFunction>(Tensor a, Tensor b, Tensor c, Tensor y) where TFunction : struct, IElementwise =>
        Map<TFunction>(a.Data, b.Data, c.Data, y.Data, y.Size);

    private void Map<TFunction>(float* a, float* b, float* c, float* y, int count) where TFunction : struct, IElementwise
    {
        if (count < 2 * ParallelGrain || _parallelism.Threads == 1)
        {
            Elementwise.Run<TFunction>(a, b, c, y, count);
            return;
        }
        _parallelism.For((count + ParallelGrain - 1) / ParallelGrain, part =>
        {
            int start = part * ParallelGrain;
            Elementwise.Run<TFunction>(a + start, b + start, c + start, y + start, Math.Min(ParallelGrain, count - start));
        });
    }

    private void AddTo(Tensor target, Tensor amount) => Map<AddF>(target, amount, target, target);

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException(message);
    }

    private static void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref FailureMessage message)
    {
        if (!condition) throw new ArgumentException(message.ToString());
    }

    // A message that is only put together when the condition failed: checks stand in every operation of every chunk.
    [InterpolatedStringHandler]
    private readonly ref struct FailureMessage
    {
        private readonly StringBuilder? _text;

        public FailureMessage(int literalLength, int formattedCount, bool condition, out bool isNeeded)
        {
            isNeeded = !condition;
            if (isNeeded) _text = new StringBuilder(literalLength + 8 * formattedCount);
        }

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value) => _text!.Append(value);

        public override string ToString() => _text!.ToString();
    }
}
