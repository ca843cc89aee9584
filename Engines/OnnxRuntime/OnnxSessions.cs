using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A graph, opened once for each number of threads that asks for it.</summary>
/// <param name="graph">An .onnx file's bytes.</param>
/// <param name="device">See <see cref="OnnxDevice.Open"/>.</param>
internal sealed class OnnxSessions(byte[] graph, string? device)
{
    private readonly ConcurrentDictionary<int, Lazy<InferenceSession>> _sessions = [];

    /// <summary>The session whose operations so many threads share.</summary>
    /// <exception cref="VocoderException">The device is not there, or the graph is none.</exception>
    public InferenceSession With(int threads) => _sessions.GetOrAdd(threads, t => new(() => OnnxDevice.Open(graph, device, t))).Value;
}
