using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = FlowVocoder.Compute.Tensor;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>A graph in ONNX Runtime.</summary>
internal sealed class OnnxRun : IDisposable
{
    private readonly InferenceSession _session;

    public OnnxRun(byte[] graph)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        _session = new InferenceSession(graph, options);
    }

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    public IReadOnlyDictionary<string, string> Metadata => _session.ModelMetadata.CustomMetadataMap;

    public Dictionary<string, (float[] Values, int[] Shape)> Run(params (string Name, float[] Values, int[] Shape)[] inputs)
    {
        using var results = _session.Run(
            [.. inputs.Select(input => NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<float>(input.Values, input.Shape)))]);
        return results.ToDictionary(result => result.Name, result => (result.AsTensor<float>().ToArray(), result.AsTensor<float>().Dimensions.ToArray()));
    }

    public void Dispose() => _session.Dispose();

    public static LoadedVoice Voice(string name) => VoiceLibrary.Load(Path.Combine(AppContext.BaseDirectory, "voices", $"{name}.safetensors"));

    public static MelArray Mel(string name) => MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", $"{name}.npy"), 80);

    /// <summary>The noise that synthesis draws for a seed, before σ: [channels, steps].</summary>
    public static float[] Noise(VocoderModel model, int frames, ulong seed, long start = 0)
    {
        var random = new Philox(seed);
        var (parts, steps) = model is CompactVocoder compact ? (compact.Stack.LatentChannels, model.Recipe.HopSize / compact.Config.Group)
            : (((WaveGlow)model).NoiseChannels, model.Recipe.HopSize / ((WaveGlow)model).Config.Group);
        var noise = new List<float>();
        for (int i = 0; i < parts.Count; i++)
        {
            var part = new Tensor(1, parts[i], frames * steps);
            random.Normal(part, (uint)i, start * steps);
            noise.AddRange(part.Span);
        }
        return [.. noise];
    }

    /// <summary>√(Σ(a - b)² / Σb²).</summary>
    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0, size = 0;
        for (int i = 0; i < expected.Length; i++) (error, size) = (error + Math.Pow(actual[i] - expected[i], 2), size + Math.Pow(expected[i], 2));
        return Math.Sqrt(error / size);
    }
}
