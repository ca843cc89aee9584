using FlowVocoder.Features;
using FlowVocoder.Onnx;
using Google.Protobuf;
using global::Onnx;

namespace FlowVocoder.Tests.Engines.Onnx;

public class PitchGraphTests
{
    private const int Chunk = 5000;

    [Theory]
    [InlineData(0, false)]
    [InlineData(7.3f, false)]
    [InlineData(-3.1f, true)]
    public void The_phase_of_an_hour_is_that_of_the_accumulator(float semitones, bool isInput)
    {
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        int frames = 63 * Chunk;
        Assert.True((long)frames * recipe.HopSize > 3600L * recipe.SampleRate);
        float[] f0 = Track(frames + 1);
        using var run = new OnnxRun(Graph(recipe, isInput ? null : semitones, out int size));
        float[] state = new float[size], phase = [], samples = new float[Chunk * recipe.HopSize];
        var accumulator = new PhaseAccumulator(recipe);
        accumulator.Reset(1.5);
        double worst = 0;
        for (int done = 0; done < frames; done += Chunk)
        {
            (string, float[], int[])[] inputs = [("current", f0[done..(done + Chunk)], [1, 1, Chunk]),
                ("next", f0[(done + 1)..(done + Chunk + 1)], [1, 1, Chunk]),
                ("state", state, [1, size])];
            var results = run.Run(isInput ? [.. inputs, ("pitch", [semitones], [1])] : inputs);
            (phase, state) = (results["phase"].Values, results["next_state"].Values);
            accumulator.Advance(f0.AsSpan(done, Chunk + 1), samples, Math.Pow(2, semitones / 12));
            for (int i = 0; i < phase.Length; i += 97) worst = Math.Max(worst, Math.Abs(Math.IEEERemainder(phase[i] - samples[i], 2 * Math.PI)));
        }
        Assert.InRange(worst, 0, 1e-3);
    }

    // Syllables: stretches of gliding F0 and stretches without, the first frame among the latter.
    private static float[] Track(int frames)
    {
        var random = new Random(1);
        var f0 = new float[frames];
        for (int i = 1 + random.Next(20); i < frames;)
        {
            double hz = 80 + 250 * random.NextDouble(), glide = 1 + 0.01 * (random.NextDouble() - 0.5);
            for (int end = Math.Min(frames, i + random.Next(5, 60)); i < end; i++) f0[i] = (float)(hz *= glide);
            i += random.Next(0, 30);
        }
        return f0;
    }

    private static byte[] Graph(MelRecipe recipe, float? semitones, out int size)
    {
        var graph = new Graph("phase");
        Value current = graph.Input("current", TensorProto.Types.DataType.Float, 1, 1, "n"),
            next = graph.Input("next", TensorProto.Types.DataType.Float, 1, 1, "n");
        var memory = new StreamMemory(graph);
        var frames = new Frames(graph, memory, current, 0);
        Value phase = PitchGraph.Phase(frames, current, next, recipe.HopSize, recipe.HopSize / 2, recipe.SampleRate, 1.5,
            semitones is { } known ? new PitchShift(known) : new PitchShift(graph.Input("pitch", TensorProto.Types.DataType.Float, 1)));
        graph.Output(phase, "phase", TensorProto.Types.DataType.Float, 1, "n", recipe.HopSize);
        graph.Input("state", TensorProto.Types.DataType.Float, 1, memory.Size);
        graph.Output(memory.Next, "next_state", TensorProto.Types.DataType.Float, 1, memory.Size);
        size = memory.Size;
        var model = new ModelProto { IrVersion = 8, Graph = graph.Proto };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OnnxExporter.Opset });
        return model.ToByteArray();
    }
}
