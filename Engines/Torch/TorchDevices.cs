using System.Globalization;

namespace FlowVocoder.Torch;

/// <summary>The devices that libtorch finds here.</summary>
public static class TorchDevices
{
    /// <summary>Why the native library cannot be used, in one line; null when it can.</summary>
    public static string? Fault
    {
        get
        {
            try
            {
                torch.InitializeDeviceType(TorchSharp.DeviceType.CPU);
                return null;
            }
            catch (Exception e) when (e is NotSupportedException or TypeInitializationException or DllNotFoundException or BadImageFormatException)
            {
                Exception cause = e is TypeInitializationException { InnerException: { } inner } ? inner : e;
                return $"libtorch cannot be loaded: {cause.Message.ReplaceLineEndings(" ").Trim()}";
            }
        }
    }

    /// <summary>Number of CUDA devices; 0 where libtorch was built without CUDA or finds no driver.</summary>
    public static int CudaCount => torch.cuda.is_available() ? torch.cuda.device_count() : 0;

    /// <summary>What there is, for people.</summary>
    public static string Found => CudaCount switch
    {
        0 => "cpu; no CUDA device",
        1 => "cpu, cuda:0",
        var count => $"cpu, cuda:0 to cuda:{count - 1}",
    };

    /// <summary>A device by name, see <see cref="TorchEngine(string, Compute.Precision)"/>.</summary>
    /// <exception cref="VocoderException">It is none, or is not there.</exception>
    internal static torch.Device Find(string name)
    {
        int index = 0;
        bool isCuda = name == "cuda" || (name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index));
        if (name != "cpu" && !isCuda) throw new VocoderException($"the device is '{name}', expected cpu, cuda or cuda:N");
        if (Fault is { } fault) throw new VocoderException(fault);
        if (!isCuda) return torch.CPU;
        int count = CudaCount;
        if (index < count) return torch.device($"cuda:{index}");
        string found = count == 0 ? "no CUDA device" : count == 1 ? "one CUDA device, cuda:0" : $"CUDA devices 0 to {count - 1}";
        throw new VocoderException($"the device {name} is not there: this libtorch finds {found}");
    }
}
