using System.Globalization;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A signal on its way through the flow of a voice by graphs of ONNX Runtime; what layers remember goes out of one run and into the next.</summary>
/// <param name="model">The voice.</param>
/// <param name="group">Samples that it moves as one step.</param>
/// <param name="session">The graph of a direction.</param>
internal sealed class OnnxPass(VocoderModel model, int group, Func<OnnxTask, InferenceSession> session) : IFlowPass
{
    private readonly int _hop = model.Recipe.HopSize, _bands = model.Recipe.Bands;
    private float[] _state = [], _z = [];

    /// <inheritdoc/>
    public FlowStretch Forward(Told told, ReadOnlySpan<float> audio)
    {
        InferenceSession graph = session(OnnxTask.Score);
        int frames = audio.Length / _hop, skip = Skip(told, audio);
        using var results = Run(graph, told, skip, ("audio", Late(audio, skip * _hop), 1), "z", "log_density");
        if (_z.Length < audio.Length) _z = new float[audio.Length];
        CopyLate(results[0].GetTensorDataAsSpan<float>(), skip * (_hop / group), _z.AsSpan(0, audio.Length), group);
        ReadOnlySpan<float> nats = results[1].GetTensorDataAsSpan<float>();
        string[] layers = graph.ModelMetadata.CustomMetadataMap[OnnxExporter.Layers].Split(',');
        var logDets = new List<(string, double)>();
        // The last layer is z itself.
        for (int i = 0; i < layers.Length - 1; i++)
        {
            double sum = 0;
            foreach (float frame in nats.Slice(i * (skip + frames) + skip, frames)) sum += frame;
            logDets.Add((layers[i], sum));
        }
        return new FlowStretch(_z.AsMemory(0, audio.Length), logDets);
    }

    /// <inheritdoc/>
    public void Inverse(Told told, ReadOnlySpan<float> z, Span<float> audio)
    {
        int skip = Skip(told, audio), steps = z.Length / group, late = skip * (_hop / group);
        float[] latents = new float[group * (late + steps)];
        for (int row = 0; row < group; row++) z.Slice(row * steps, steps).CopyTo(latents.AsSpan(row * (late + steps) + late));
        using var results = Run(session(OnnxTask.Decode), told, skip, ("z", latents, group), "audio");
        CopyLate(results[0].GetTensorDataAsSpan<float>(), skip * _hop, audio, 1);
    }

    // Frames of the look-ahead, for which nothing comes out: those of the first run.
    private int Skip(Told told, ReadOnlySpan<float> audio) => told.Mel.Length / _bands - audio.Length / _hop;

    private IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession graph, Told told, int skip, (string Name, float[] Values, int Rows) signal,
        params string[] outputs)
    {
        int count = told.Mel.Length / _bands;
        var mel = new float[told.Mel.Length];
        for (int i = 0; i < count; i++)
            for (int b = 0; b < _bands; b++) mel[b * count + i] = told.Mel[i * _bands + b];
        List<(string Name, float[] Values, int Rows)> inputs = [("mel", mel, _bands), signal];
        if (!told.F0.IsEmpty)
        {
            RequireInRange(graph, told.F0);
            inputs.AddRange([("phase", Late(told.Phase, skip * _hop), 1), ("f0", Late(told.F0, skip), 1)]);
        }
        OrtMemoryInfo memory = OrtMemoryInfo.DefaultInstance;
        List<string> names = [.. inputs.Select(input => input.Name)];
        List<OrtValue> values = [.. inputs.Select(input => OrtValue.CreateTensorValueFromMemory(memory, input.Values.AsMemory(),
            [1, input.Rows, input.Values.Length / input.Rows]))];
        bool remembers = graph.InputMetadata.TryGetValue(StreamMemory.InputName, out NodeMetadata? state);
        if (remembers)
        {
            if (_state.Length == 0) _state = new float[state!.Dimensions[1]];
            names.Add(StreamMemory.InputName);
            values.Add(OrtValue.CreateTensorValueFromMemory(memory, _state.AsMemory(), [1, _state.Length]));
            outputs = [.. outputs, StreamMemory.OutputName];
        }
        using var run = new RunOptions();
        try
        {
            var results = graph.Run(run, names, values, outputs);
            if (remembers) results[^1].GetTensorDataAsSpan<float>().CopyTo(_state);
            return results;
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    // A graph has as many harmonics as the lowest voice that was foreseen.
    private static void RequireInRange(InferenceSession graph, ReadOnlySpan<float> f0)
    {
        float lowest = float.Parse(graph.ModelMetadata.CustomMetadataMap[OnnxExporter.LowestF0], CultureInfo.InvariantCulture);
        foreach (float hz in f0)
            if (hz > 0 && hz < lowest)
                throw new VocoderException(FormattableString.Invariant($"f0 has {hz} Hz, expected 0 or at least {lowest} on the engine onnx"));
    }

    private static float[] Late(ReadOnlySpan<float> values, int zeros)
    {
        var late = new float[zeros + values.Length];
        values.CopyTo(late.AsSpan(zeros));
        return late;
    }

    // The last columns of rows.
    private static void CopyLate(ReadOnlySpan<float> values, int late, Span<float> target, int rows)
    {
        int length = values.Length / rows, kept = length - late;
        for (int row = 0; row < rows; row++) values.Slice(row * length + late, kept).CopyTo(target[(row * kept)..]);
    }
}
