using System.Collections.Concurrent;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>
/// ONNX Runtime. A voice of ours is exported as a streaming graph and speaks through it, with the same noise and so the same speech but for rounding; it also
/// reads .onnx files, ours and those of other vocoders.
/// </summary>
public sealed class OnnxEngine : VoiceEngine
{
    /// <inheritdoc/>
    public override string Name => "onnx";

    /// <inheritdoc/>
    public override string Description =>
        $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, {string.Join(", ", OrtEnv.Instance().GetAvailableProviders().Select(Short))}";

    /// <inheritdoc/>
    public override LoadedVoice Put(LoadedVoice voice, string? device)
    {
        if (voice.Model is OnnxFileVocoder) return voice;
        if (voice.Model is not CompactVocoder model) throw new VocoderException(
            $"voice {voice.Name}: a {voice.Model.Kind} does not stream as a graph, expected a compact voice; 'vocoder export' writes others");
        var graphs = new ConcurrentDictionary<(ulong, float), Lazy<OnnxSessions>>();
        // The phase in which it begins belongs to the graph, and follows from the seed; so does the pitch.
        OnnxSessions Graph(ulong seed, float pitch) => graphs.GetOrAdd((seed, pitch), _ => new(() =>
        {
            var options = new OnnxExportOptions { Streaming = true, NoiseInput = true, Sigma = 1, Seed = seed, Pitch = pitch };
            return new OnnxSessions(OnnxExporter.Export(voice, options), device);
        })).Value;
        Graph(0, 0);
        OnnxDevice.Require(device);
        return voice with { Model = new OnnxVocoder(model, (seed, pitch, threads) => Graph(seed, pitch).With(threads)) };
    }

    /// <inheritdoc/>
    public override bool CanRead(string path) => Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override LoadedVoice Read(string path, string? device) =>
        new(Path.GetFileNameWithoutExtension(path), path, OnnxFileVocoder.Load(path, device), null);

    private static string Short(string provider) => provider.Replace("ExecutionProvider", "", StringComparison.Ordinal);
}
