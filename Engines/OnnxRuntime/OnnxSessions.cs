using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A graph, opened once for each number of threads that asks for it.</summary>
/// <param name="graph">
/// Gives an .onnx file's bytes, which are not kept: a WaveGlow has 350 MB of them, and once it is open they are not needed unless other threads ask.
/// </param>
/// <param name="device">See <see cref="OnnxDevice.Open"/>.</param>
internal sealed class OnnxSessions(Func<byte[]> graph, string? device)
{
    private readonly ConcurrentDictionary<int, Lazy<InferenceSession>> _sessions = [];
    private readonly WeakReference<byte[]?> _bytes = new(null);

    /// <summary>Makes or reads the graph, where that has not been done a moment ago.</summary>
    public byte[] Bytes
    {
        get
        {
            if (_bytes.TryGetTarget(out byte[]? known)) return known;
            byte[] bytes = graph();
            _bytes.SetTarget(bytes);
            return bytes;
        }
    }

    /// <summary>The session whose operations so many threads share.</summary>
    /// <exception cref="VocoderException">The device is not there, or the graph is none.</exception>
    public InferenceSession With(int threads) => _sessions.GetOrAdd(threads, t => new(() => OnnxDevice.Open(Bytes, device, t))).Value;
}
