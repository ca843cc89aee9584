using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>A device of libtorch beside the managed engine: WaveGlow of the published size, our voices, and steps of training.</summary>
internal static class GpuBenchmark
{
    private static readonly string[] s_voices = [BenchmarkVoices.RandomWaveGlow, "student", "compact"];

    /// <summary>Measures and prints the tables.</summary>
    /// <param name="device">cuda or cuda:N; cpu runs the same on libtorch's processor.</param>
    /// <param name="voice">One voice; null for WaveGlow and ours.</param>
    /// <param name="frames">Length of the mel, in frames.</param>
    /// <param name="steps">Steps of training in a round.</param>
    /// <param name="batch">Crops in such a step.</param>
    /// <param name="rounds">Rounds.</param>
    /// <param name="seconds">How long each figure of a voice is measured in each.</param>
    /// <exception cref="VocoderException">The device is not there.</exception>
    public static void Run(string device, string? voice, int frames, int steps, int batch, int rounds, double seconds)
    {
        VoiceEngine torch = BenchmarkEngines.Torch();
        torch.ForTraining(device);
        if (voice != null) BenchmarkVoices.Loaded(voice);
        Machine.Print();
        Console.WriteLine($"{torch.Description}. {EngineTable.Explanation} Memory of the device is not in it.");
        IEnumerable<Precision> precisions = Enum.GetValues<Precision>().Where(precision => precision != Precision.TF32 || device != "cpu");
        List<(string Engine, Precision Precision)> others = [.. precisions.Select(precision => (torch.Name, precision))];
        if (Onnx(device)) others.Add(("onnx", Precision.Float32));
        Console.WriteLine();
        EngineTable.Print([.. (voice == null ? s_voices : [voice]).SelectMany(name => Rows(name, device, frames, others, seconds))], rounds);
        Console.WriteLine();
        IEnumerable<TrainingRow> trained = precisions.Select(precision => new TrainingRow(torch.Name, device, precision, batch));
        TrainingTable.Print([new TrainingRow(VoiceEngine.Managed, "cpu", Precision.Float32, batch), .. trained], steps, rounds);
    }

    private static IEnumerable<EngineRow> Rows(string voice, string device, int frames, List<(string Engine, Precision Precision)> others, double seconds)
    {
        // A WaveGlow has no state, so that a stream of it is whole mels again.
        bool streams = voice != BenchmarkVoices.RandomWaveGlow;
        yield return new EngineRow(voice, VoiceEngine.Managed, "cpu", Precision.Float32, 0, frames, streams, seconds);
        foreach (var (engine, precision) in others)
            yield return new EngineRow(voice, engine, device, precision, 0, frames, streams, seconds);
    }

    private static bool Onnx(string device)
    {
        if (VoiceEngine.Registered.FirstOrDefault(engine => engine.Name == "onnx") is not { } onnx) return false;
        try
        {
            onnx.Put(BenchmarkVoices.Loaded(VoiceLibrary.DefaultVoice), device);
            return true;
        }
        catch (VocoderException e)
        {
            Console.WriteLine($"Without onnx: {e.Message}.");
            return false;
        }
    }
}
