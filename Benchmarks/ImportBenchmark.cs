using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>A checkpoint of WaveGlow's published size on its way to a voice.</summary>
internal static class ImportBenchmark
{
    private const int Frames = 100;

    private static readonly Dictionary<string, string> s_nothing = [];

    /// <summary>Measures and prints the table, or only writes a checkpoint to <paramref name="make"/>.</summary>
    public static void Run(string? make)
    {
        if (make != null)
        {
            var random = new WaveGlow(WaveGlow.DefaultConfig, seed: 1);
            AtomicFile.Write(make, stream => SafeTensorsFile.Write(stream, VoiceFile.Of(random, "", "", "", 0, s_nothing).Tensors,
                new Dictionary<string, string> { ["format"] = "pt" }));
            return;
        }
        Machine.Print();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flowvocoder-import-");
        try
        {
            Measure(Path.Combine(folder.FullName, "waveglow.safetensors"), Path.Combine(folder.FullName, "voice.safetensors"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Measure(string checkpoint, string voice)
    {
        // By another process: what it takes in memory is not the import's.
        Child.Run("import", "--make", checkpoint);
        double seconds = Clock.Once(() => Import(checkpoint, voice)), peak = Machine.PeakMemory;
        _ = new MarkdownTable("step", "s", "peak memory of the process, MiB");
        MarkdownTable.Row($"import of {new FileInfo(checkpoint).Length / 1e6:0} MB", $"{seconds:0.0}", $"{peak:0}");
        VocoderModel model = VoiceLibrary.Load(voice).Model;
        double speaking = Clock.Once(() => Synthesizer.Synthesize(model, BenchmarkVoices.Mel(model.Recipe, Frames), new SynthesisOptions { Sigma = 0.6f },
            new Parallelism()));
        MarkdownTable.Row($"speech of {Frames * model.Recipe.HopSize / (double)model.Recipe.SampleRate:0.0} s", $"{speaking:0.0}", $"{Machine.PeakMemory:0}");
    }

    private static void Import(string checkpoint, string voice)
    {
        VoiceFile file = VoiceFile.Of(ImportedCheckpoint.Read(checkpoint).Model, "waveglow", "not stated", "random weights", 0, s_nothing);
        AtomicFile.Write(voice, stream => file.Write(stream));
    }
}
