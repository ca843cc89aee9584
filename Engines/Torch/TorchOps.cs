using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using static TorchSharp.torch.nn;

namespace FlowVocoder.Torch;

/// <summary>
/// The operations on libtorch: eager, with gradients by its autograd where they are recorded, and with the past of causal operations kept on the device where a
/// state is given. Results lie on the device; what a caller wrote in host memory is copied there when it is first used. Not thread-safe.
/// </summary>
internal sealed partial class TorchOps(TorchEngine engine, Parallelism parallelism, bool records, StreamState? state) : Ops
{
    // Inputs that are written in host memory, and results that are read there.
    private readonly CpuOps _host = new();
    private readonly Dictionary<Tensor, Input> _inputs = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Tensor, Tensor> _here = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<DerivedTensor, Tensor> _derived = [];
    private readonly List<TorchTensor> _results = [];

    private readonly record struct Input(int Version, TorchTensor Value);

    /// <inheritdoc/>
    public override Parallelism Parallelism => parallelism;

    /// <inheritdoc/>
    public override Tensor Rent(int batch, int channels, int length) => _host.Rent(batch, channels, length);

    /// <inheritdoc/>
    public override Tensor Fill(int batch, int channels, int length, float value) =>
        Result(() => torch.full([batch, channels, length], value, device: engine.On));

    /// <inheritdoc/>
    public override Tensor Here(Tensor tensor)
    {
        if (tensor.Payload == null) return tensor;
        if (_here.TryGetValue(tensor, out Tensor? here)) return here;
        here = _host.Rent(tensor.Batch, tensor.Channels, tensor.Length);
        TorchEngine.Download(ValueOf(tensor), here.Span);
        _here.Add(tensor, here);
        return here;
    }

    /// <inheritdoc/>
    public override Tensor Derive(DerivedTensor value)
    {
        if (!_derived.TryGetValue(value, out Tensor? made))
            _derived.Add(value, made = records && value.RequiresGrad ? value.Make(this) : Result(() => engine.Lasting(value).alias()));
        return made;
    }

    /// <inheritdoc/>
    public override void Free(Tensor tensor)
    {
        if (records) return;
        if (_here.Remove(tensor, out Tensor? here)) _host.Free(here);
        if (tensor.Payload is TorchTensor value) value.Dispose();
        else if (!tensor.IsParameter && _inputs.Remove(tensor, out Input input)) input.Value.Dispose();
        _host.Free(tensor);
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        foreach (TorchTensor result in _results) result.Dispose();
        foreach (Input input in _inputs.Values) input.Value.Dispose();
        _results.Clear();
        _inputs.Clear();
        _here.Clear();
        _derived.Clear();
        _host.Reset();
    }

    /// <inheritdoc/>
    public override void Backward(Tensor loss)
    {
        if (!records) base.Backward(loss);
        if (loss.Size != 1) throw new ArgumentException($"the loss must be a scalar, not {loss.Shape}", nameof(loss));
        TorchTensor value = ValueOf(loss);
        if (!value.requires_grad) return;
        value.backward();
        foreach (var (tensor, input) in _inputs)
            if (input.Value.requires_grad) AddGradient(tensor, input.Value);
        // Another loss of the same pass would count these twice.
        foreach (Input input in _inputs.Values) input.Value.grad = null;
    }

    private static void AddGradient(Tensor tensor, TorchTensor leaf)
    {
        using TorchTensor? gradient = leaf.grad;
        if (gradient is null) return;
        var amount = new float[tensor.Size];
        TorchEngine.Download(gradient, amount);
        tensor.Grad ??= new Tensor(tensor.Batch, tensor.Channels, tensor.Length);
        System.Numerics.Tensors.TensorPrimitives.Add(tensor.Grad.Span, amount, tensor.Grad.Span);
    }

    // The values of a tensor on the device, [batch, channels, length]. What is in host memory goes there once a pass, parameters once a change.
    private TorchTensor ValueOf(Tensor tensor)
    {
        if (tensor.Payload != null)
            return tensor.Payload as TorchTensor ?? throw new ArgumentException($"a tensor {tensor.Shape} of another engine", nameof(tensor));
        if (_inputs.TryGetValue(tensor, out Input known))
        {
            if (known.Version == tensor.Version) return known.Value;
            known.Value.Dispose();
        }
        TorchTensor value = tensor.IsParameter ? engine.Lasting(tensor).alias() : engine.Upload(tensor);
        if (records && tensor.RequiresGrad) value.requires_grad_(true);
        _inputs[tensor] = new Input(tensor.Version, value);
        return value.DetachFromDisposeScope();
    }

    // A result of three axes; what it takes on the way is given back.
    private Tensor Result(Func<TorchTensor> compute)
    {
        using var scope = torch.NewDisposeScope();
        TorchTensor value = compute().DetachFromDisposeScope();
        _results.Add(value);
        Tensor tensor = Tensor.Elsewhere(value, (int)value.shape[0], (int)value.shape[1], (int)value.shape[2]);
        tensor.RequiresGrad = records && value.requires_grad;
        return tensor;
    }

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException(message);
    }

    // libtorch would stretch the smaller of the two.
    private static void RequireSame(Tensor a, Tensor b)
    {
        if (a.Batch != b.Batch || a.Channels != b.Channels || a.Length != b.Length) throw new ArgumentException($"shapes {a.Shape} and {b.Shape} differ");
    }
}
