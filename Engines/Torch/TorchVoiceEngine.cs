using System.Collections.Concurrent;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Torch;

/// <summary>libtorch as an engine of programs: any voice speaks, streams, scores and is trained on it, by the same model.</summary>
/// <param name="precision">In what convolutions are computed.</param>
public sealed class TorchVoiceEngine(Precision precision = Precision.Float32) : VoiceEngine
{
    private readonly ConcurrentDictionary<string, Lazy<TorchEngine>> _engines = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "torch";

    /// <inheritdoc/>
    public override string Description => TorchDevices.Fault
        ?? $"libtorch {torch.__version__}, {TorchDevices.Found}; convolutions in float32, bfloat16{(TorchDevices.CudaCount > 0 ? ", on CUDA in tf32" : "")}";

    /// <inheritdoc/>
    public override bool IsUsable => TorchDevices.Fault == null;

    /// <inheritdoc/>
    public override VoiceEngine In(Precision other) => other == precision ? this : new TorchVoiceEngine(other);

    /// <inheritdoc/>
    /// <remarks>The model of the voice is told: it is used by nobody else.</remarks>
    public override LoadedVoice Put(LoadedVoice voice, string? device)
    {
        voice.Model.Engine = ForTraining(device);
        return voice;
    }

    /// <inheritdoc/>
    public override Engine ForTraining(string? device) =>
        _engines.GetOrAdd(device ?? "cpu", name => new Lazy<TorchEngine>(() => new TorchEngine(name, precision))).Value;
}
