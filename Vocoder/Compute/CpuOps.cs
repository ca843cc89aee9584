using System.Runtime.CompilerServices;
using System.Text;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

/// <summary>
/// The operations in managed code on the CPU: eager, on a tape when one is given, and with the past of causal operations kept
/// when a state is given. Not thread-safe; many instances may share a model.
/// </summary>
public unsafe partial class CpuOps : Ops
{
    private readonly Workspace _workspace;
    private readonly Parallelism _parallelism;
    private readonly Tape? _tape;
    private readonly StreamState? _state;

    /// <summary>Creates operations that use the given threads, record on <paramref name="tape"/> and remember in <paramref name="state"/>.</summary>
    public CpuOps(Parallelism? parallelism = null, Tape? tape = null, StreamState? state = null) : this(new Workspace(), parallelism, tape, state)
    {
    }

    /// <summary>The same with results in a workspace that outlives it.</summary>
    internal CpuOps(Workspace workspace, Parallelism? parallelism = null, Tape? tape = null, StreamState? state = null)
    {
        if (tape != null && state != null) throw new ArgumentException("gradients do not flow through a stream", nameof(state));
        (_workspace, _parallelism) = (workspace, parallelism ?? new Parallelism(1));
        _tape = tape;
        _state = state;
    }

    /// <summary>Which chunk of the signal comes next, where several threads with operations of their own share the state of a stream.</summary>
    internal int Chunk { get; set; } = Turn.Alone;

    /// <inheritdoc/>
    public override Parallelism Parallelism => _parallelism;

    /// <inheritdoc/>
    public override Tensor Rent(int batch, int channels, int length) => _workspace.Rent(batch, channels, length);

    /// <inheritdoc/>
    public override Tensor Derive(DerivedTensor value)
    {
        if (_tape == null || !value.RequiresGrad) return value.InHostMemory();
        if (!_tape.Derived.TryGetValue(value, out Tensor? made)) _tape.Derived.Add(value, made = value.Make(this));
        return made;
    }

    /// <inheritdoc/>
    public override void Backward(Tensor loss)
    {
        if (_tape == null) base.Backward(loss);
        else _tape.Backward(loss);
    }

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
        _rebuildError = 0;
    }

    private Tensor RentLike(Tensor x) => _workspace.Rent(x.Batch, x.Channels, x.Length);

    // The gradient step of a result y of up to three inputs, null where there are fewer. It is a static lambda: what it needs comes as an
    // argument, so that an operation allocates no closure where nothing is recorded.
    private delegate void GradientStep(CpuOps ops, Tensor y, Tensor a, Tensor b, Tensor c);

    // The same with a value that is no input: the bounds of a slice, a factor.
    private delegate void GradientStep<T>(CpuOps ops, Tensor y, Tensor a, Tensor b, Tensor c, T value);

    private void Record(Tensor y, Tensor a, Tensor? b, Tensor? c, GradientStep step) =>
        Record(y, a, b, c, step, static (ops, y, a, b, c, step) => step(ops, y, a, b, c));

    // Registers the gradient step of a result when one of its inputs wants gradients.
    private void Record<T>(Tensor y, Tensor a, Tensor? b, Tensor? c, T value, GradientStep<T> step)
    {
        if (_tape == null || !(a.RequiresGrad || b is { RequiresGrad: true } || c is { RequiresGrad: true })) return;
        y.RequiresGrad = true;
        _tape.Record(Bind(y, a, b!, c!, value, step));
    }

    // A method of its own, because closures are allocated where a method begins.
    private Action Bind<T>(Tensor y, Tensor a, Tensor b, Tensor c, T value, GradientStep<T> step) => () =>
    {
        if (y.Grad == null) return;
        step(this, y, a, b, c, value);
        Release(y);
    };

    // What y was made of has its gradients now, and nothing that was recorded before y knows of it: its own gradient makes room for those to come.
    private void Release(Tensor y)
    {
        if (y.IsParameter) return;
        _workspace.Return(y.Grad!);
        y.Grad = null;
    }

    // The gradient of t to add to; zeros when it is the first.
    private Tensor GradientOf(Tensor t)
    {
        if (t.Grad == null)
        {
            t.Grad = t.IsParameter ? new Tensor(t.Batch, t.Channels, t.Length) : RentLike(t);
            _parallelism.ForRanges(t.Size, 1, t.Grad, static (from, to, in gradient) => gradient.Span[from..to].Clear());
        }
        return t.Grad;
    }

    // Adds to the gradient of t; the first one is copied.
    private void AddGradient(Tensor t, Tensor amount)
    {
        if (t.Grad != null || t.IsParameter)
        {
            AddTo(GradientOf(t), amount);
            return;
        }
        t.Grad = RentLike(t);
        _parallelism.ForRanges(t.Size, 1, (amount, t.Grad), static (from, to, in s) => s.amount.Span[from..to].CopyTo(s.Grad.Span[from..to]));
    }

    private void Map<TFunction>(Tensor a, Tensor b, Tensor c, Tensor y) where TFunction : struct, IElementwise =>
        Map<TFunction>(a.Data, b.Data, c.Data, y.Data, y.Size);

    private void Map<TFunction>(float* a, float* b, float* c, float* y, int count) where TFunction : struct, IElementwise =>
        _parallelism.ForRanges(count, 1, new MapLoop(a, b, c, y), static (from, to, in loop) =>
            Elementwise.Run<TFunction>(loop.A + from, loop.B + from, loop.C + from, loop.Y + from, to - from));

    private readonly struct MapLoop(float* a, float* b, float* c, float* y)
    {
        public readonly float* A = a, B = b, C = c, Y = y;
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
