using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

/// <summary>
/// Models on libtorch through TorchSharp, on the processor or on a CUDA device. The program that uses it brings the native library, see
/// <c>Engines/Torch/Natives.targets</c>. Copies of weights stay on the device until they change.
/// </summary>
public sealed class TorchEngine : Engine
{
    private readonly ConditionalWeakTable<Tensor, Copy> _parameters = [];
    private readonly ConditionalWeakTable<DerivedTensor, Copy> _derived = [];
    private readonly Precision _precision;

    // Of which tensor in host memory, and of what version of it.
    private sealed record Copy(Tensor Source, int Version, TorchTensor Value);

    /// <summary>Takes a device.</summary>
    /// <param name="device">"cpu", "cuda" for the first CUDA device, or "cuda:N".</param>
    /// <param name="precision">In what convolutions are computed.</param>
    /// <exception cref="VocoderException">The name is none of these, the device is not there or has no such precision, or the native library cannot be
    /// loaded; never is another one taken instead.</exception>
    public TorchEngine(string device = "cpu", Precision precision = Precision.Float32)
    {
        (On, _precision) = (TorchDevices.Find(device), precision);
        if (precision == Precision.TF32 && On.type != DeviceType.CUDA)
            throw new VocoderException($"the device {device} does not compute in tf32, expected a CUDA device, or float32 or bfloat16");
    }

    /// <inheritdoc/>
    public override string Name => "torch";

    /// <inheritdoc/>
    public override string Device =>
        $"{On} by libtorch {torch.__version__}{(_precision == Precision.Float32 ? "" : $", convolutions in {_precision.ToString().ToLowerInvariant()}")}";

    /// <inheritdoc/>
    /// <remarks>Each operation costs some microseconds before it begins, on a device more; so it is given more to do.</remarks>
    public override int ChunkFrames => 256;

    internal torch.Device On { get; }

    /// <summary>As what convolutions take inputs and weights.</summary>
    internal torch.ScalarType ConvolutionType => _precision == Precision.BFloat16 ? torch.bfloat16 : torch.float32;

    /// <inheritdoc/>
    /// <remarks>libtorch has one number of threads for all, and one say whether TF32 may be taken for float32: those of the last call count.</remarks>
    public override Ops Compute(Parallelism? parallelism = null, StreamState? state = null) => New(parallelism, records: false, state);

    /// <inheritdoc/>
    /// <remarks>As <see cref="Compute"/>.</remarks>
    public override Ops Record(Parallelism? parallelism = null) => New(parallelism, records: true, state: null);

    private TorchOps New(Parallelism? parallelism, bool records, StreamState? state)
    {
        parallelism ??= new Parallelism(1);
        torch.set_num_threads(parallelism.Threads);
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = _precision == Precision.TF32;
        return new TorchOps(this, parallelism, records, state);
    }

    /// <summary>A parameter's values on the device.</summary>
    internal TorchTensor Lasting(Tensor parameter) => Current(_parameters, parameter, parameter);

    /// <summary>On the device, what is made of parameters alone.</summary>
    internal TorchTensor Lasting(DerivedTensor derived) => Current(_derived, derived, derived.InHostMemory());

    private TorchTensor Current<TKey>(ConditionalWeakTable<TKey, Copy> copies, TKey key, Tensor source) where TKey : class
    {
        lock (copies)
        {
            if (copies.TryGetValue(key, out Copy? copy))
            {
                if (copy.Source == source && copy.Version == source.Version) return copy.Value;
                copy.Value.Dispose();
            }
            var made = new Copy(source, source.Version, Upload(source).DetachFromDisposeScope());
            copies.AddOrUpdate(key, made);
            return made.Value;
        }
    }

    /// <summary>Copies a tensor to the device, [batch, channels, length].</summary>
    internal TorchTensor Upload(Tensor tensor)
    {
        TorchTensor value = torch.empty([tensor.Batch, tensor.Channels, tensor.Length], torch.float32);
        if (tensor.Size > 0) value.bytes = MemoryMarshal.AsBytes(tensor.Span);
        if (On.type == DeviceType.CPU) return value;
        using (value) return value.to(On);
    }

    /// <summary>Copies values of 32 bits to host memory, in row-major order.</summary>
    internal static void Download(TorchTensor value, Span<float> target)
    {
        using var scope = torch.NewDisposeScope();
        TorchTensor here = value.detach().cpu().contiguous();
        if (target.Length > 0) here.bytes.CopyTo(MemoryMarshal.AsBytes(target));
    }
}
