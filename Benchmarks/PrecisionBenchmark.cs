using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>What convolutions in fewer bits cost: likelihoods of recordings, and speech from the same noise, beside those in float32.</summary>
internal static class PrecisionBenchmark
{
    /// <summary>Measures and prints the table.</summary>
    /// <param name="voice">A voice; null for all that ship and speak in one pass.</param>
    /// <param name="data">Folder of recordings, see <see cref="MelBenchmark.Held"/>.</param>
    /// <param name="limit">Clips of each speaker.</param>
    /// <param name="device">A device of libtorch.</param>
    public static void Run(string? voice, string data, int limit, string device)
    {
        VoiceEngine torch = BenchmarkEngines.Torch();
        var voices = BenchmarkVoices.Load(voice).Where(v => !v.Model.GeneratesStepByStep);
        float[][] recordings = [.. MelBenchmark.Held(data, limit).Select(file => Recording.Read(file, 22050).Samples)];
        if (recordings.Length == 0) throw new VocoderException($"'{data}' has no recordings in folders named 'valid'");
        Console.WriteLine($"{torch.Description}; {recordings.Length} recordings on {device}, speech without matching.");
        Console.WriteLine("The last row of a voice is another noise in float32.");
        Console.WriteLine();
        _ = new MarkdownTable("voice", "precision", "nats per sample", "less than in float32", "M-STFT from speech in float32", "M-STFT from the recording");
        foreach (var (name, _) in voices) Measure(name, torch, device, recordings);
    }

    private static void Measure(string name, VoiceEngine torch, string device, float[][] recordings)
    {
        List<float[]> expected = [];
        double nats = 0;
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            if (precision == Precision.TF32 && device == "cpu") continue;
            VocoderModel model = torch.In(precision).Put(BenchmarkVoices.Loaded(name), device).Model;
            List<float[]> spoken = [.. recordings.Select(recording => Speak(model, recording, 0))];
            double own = model.ScoresStepByStep ? double.NaN : recordings.Average(recording => Score(model, recording));
            if (precision == Precision.Float32) (expected, nats) = (spoken, own);
            Row(name, precision.ToString().ToLowerInvariant(), own, nats - own, expected, spoken, recordings);
        }
        VocoderModel other = torch.Put(BenchmarkVoices.Loaded(name), device).Model;
        Row(name, "float32, other noise", double.NaN, double.NaN, expected, [.. recordings.Select(recording => Speak(other, recording, 1))], recordings);
    }

    private static void Row(string name, string precision, double nats, double less, List<float[]> expected, List<float[]> spoken, float[][] recordings)
    {
        double Distance(IReadOnlyList<float[]> reference) =>
            spoken.Select((samples, i) => MultiResolutionStft.Distance(reference[i].AsSpan(0, samples.Length), samples)).Average();
        FormattableString Optional(double value) => double.IsNaN(value) ? $"" : (FormattableString)$"{value:0.0000}";
        MarkdownTable.Row($"{name}", $"{precision}", Optional(nats), Optional(less), $"{Distance(expected):0.0000}", $"{Distance(recordings):0.0000}");
    }

    private static float[] Mel(VocoderModel model, float[] recording) => new MelSpectrogram(model.Recipe).Compute(recording);

    private static float[] Speak(VocoderModel model, float[] recording, ulong seed) =>
        Synthesizer.Synthesize(model, Mel(model, recording), new SynthesisOptions { Match = 0, Seed = seed }, new Parallelism());

    private static double Score(VocoderModel model, float[] recording) => model.Score(Mel(model, recording), recording, new Parallelism()).NatsPerSample;
}
