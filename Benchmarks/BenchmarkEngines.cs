using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>The engines that this program was built with.</summary>
internal static class BenchmarkEngines
{
    /// <summary>Makes them known.</summary>
    public static void Register()
    {
#if ONNX
        VoiceEngine.Register(new OnnxRuntime.OnnxEngine());
#endif
#if TORCH
        VoiceEngine.Register(new Torch.TorchVoiceEngine());
#endif
    }

    /// <summary>libtorch.</summary>
    /// <exception cref="VocoderException">This program was built without it, or it cannot be loaded.</exception>
    public static VoiceEngine Torch()
    {
        VoiceEngine torch = VoiceEngine.Find("torch")!;
        return torch.IsUsable ? torch : throw new VocoderException(torch.Description);
    }
}
