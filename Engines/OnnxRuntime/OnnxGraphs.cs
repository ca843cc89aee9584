using System.Collections.Concurrent;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>The graphs of a voice, each exported and opened when it is first asked for.</summary>
/// <param name="voice">The voice.</param>
/// <param name="device">See <see cref="OnnxDevice.Open"/>.</param>
internal sealed class OnnxGraphs(LoadedVoice voice, string? device)
{
    private readonly ConcurrentDictionary<OnnxExportOptions, OnnxSessions> _graphs = new();

    /// <summary>Exports a graph, so that what cannot be shows before the work.</summary>
    /// <exception cref="VocoderException">The voice has no such graph.</exception>
    public void Require(OnnxExportOptions options) => _ = Of(options).Bytes;

    /// <summary>The session of a graph whose operations so many threads share.</summary>
    /// <exception cref="VocoderException">The voice has no such graph, or the device is not there.</exception>
    public InferenceSession Session(OnnxExportOptions options, int threads) => Of(options).With(threads);

    private OnnxSessions Of(OnnxExportOptions options) =>
        _graphs.GetOrAdd(options, o => new OnnxSessions(() => OnnxExporter.Export(voice, o), device));
}
