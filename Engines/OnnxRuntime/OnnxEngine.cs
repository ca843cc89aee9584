using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>
/// ONNX Runtime. A voice of ours is exported as graphs and speaks, scores and encodes through them, with the same noise and so the same speech but for
/// rounding; it also reads .onnx files, ours and those of other vocoders.
/// </summary>
public sealed class OnnxEngine : VoiceEngine
{
    /// <inheritdoc/>
    public override string Name => "onnx";

    /// <inheritdoc/>
    public override string Description => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, "
        + $"{string.Join(", ", OrtEnv.Instance().GetAvailableProviders().Select(Short))}; compact voices on one thread unless --threads asks for more";

    /// <inheritdoc/>
    public override LoadedVoice Put(LoadedVoice voice, string? device) => Put(voice, device, speaks: true);

    /// <inheritdoc/>
    /// <remarks>Whether there is a graph of a direction shows when it is first asked for.</remarks>
    public override LoadedVoice PutForwards(LoadedVoice voice, string? device) => Put(voice, device, speaks: false);

    private static LoadedVoice Put(LoadedVoice voice, string? device, bool speaks)
    {
        if (voice.Model is OnnxFileVocoder) return voice;
        var graphs = new OnnxGraphs(voice, device);
        (OnnxModel model, OnnxExportOptions speech) = voice.Model switch
        {
            CompactVocoder compact => ((OnnxModel)new OnnxVocoder(compact, graphs), OnnxVocoder.Speech(0, 0)),
            WaveGlow glow => (new OnnxWaveGlow(glow, graphs), OnnxWaveGlow.Speech),
            _ => throw new VocoderException($"voice {voice.Name}: a {voice.Model.Kind} has no graph, expected a compact voice or a waveglow"),
        };
        if (speaks) graphs.Require(speech);
        OnnxDevice.Require(device);
        return voice with { Model = model };
    }

    /// <inheritdoc/>
    public override bool CanRead(string path) => Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override LoadedVoice Read(string path, string? device) =>
        new(Path.GetFileNameWithoutExtension(path), path, OnnxFileVocoder.Load(path, device), null);

    private static string Short(string provider) => provider.Replace("ExecutionProvider", "", StringComparison.Ordinal);
}
