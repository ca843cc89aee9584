using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>Speech from the mels of every toolkit beside speech from the voice's own.</summary>
internal static class MelBenchmark
{
    /// <summary>Measures and prints the table.</summary>
    /// <param name="voice">Who speaks.</param>
    /// <param name="data">Folder of a folder for each speaker, with recordings that no voice has heard in one named "valid".</param>
    /// <param name="limit">Clips of each speaker.</param>
    public static void Run(LoadedVoice voice, string data, int limit)
    {
        MelRecipe own = voice.Model.Recipe;
        float[][] recordings = [.. Held(data, limit).Select(file => Recording.Read(file, own.SampleRate).Samples)];
        Console.WriteLine($"Voice {voice.Name}, {recordings.Length} recordings.");
        Console.WriteLine();
        _ = new MarkdownTable("recipe", "way", "mel, nepers off", "log-mel L1", "M-STFT", "ESTOI", "voicing F1");
        foreach (MelRecipe recipe in MelRecipe.Presets.OrderBy(p => p.Name == own.Name ? 0 : 1)) Row(recipe, voice, recordings);
    }

    /// <summary>Recordings in folders named "valid", one inside the folder of each speaker.</summary>
    public static IEnumerable<string> Held(string data, int limit) => Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "valid" && AudioFile.Extensions.Contains(Path.GetExtension(file)))
        .GroupBy(Path.GetDirectoryName).OrderBy(group => group.Key, StringComparer.Ordinal)
        .SelectMany(group => group.Order(StringComparer.Ordinal).Take(limit == 0 ? int.MaxValue : limit));

    private static void Row(MelRecipe recipe, LoadedVoice voice, float[][] recordings)
    {
        MelRecipe own = voice.Model.Recipe;
        MelConversion way;
        try
        {
            way = MelConversion.Between(recipe, own);
        }
        catch (VocoderException e)
        {
            MarkdownTable.Row($"{recipe.Name}", $"refused: {e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..]}", $"", $"", $"", $"", $"");
            return;
        }
        MelConversion onGrid = MelConversion.Between(recipe, own, onGrid: true);
        var measures = new VoiceEvaluation(own);
        double off = 0;
        var scores = new List<ClipScores>();
        foreach (float[] asItIs in recordings)
        {
            // A mel of louder speech is spoken louder.
            float[] recording = MelPreparation.Apply(recipe with { HighPass = 0, PreEmphasis = 0 }, asItIs);
            float[] mel = new MelSpectrogram(recipe).Compute(Resampler.Resample(recording, own.SampleRate, recipe.SampleRate));
            off += Off(onGrid.Convert(mel), new MelSpectrogram(own).Compute(recording), own) / recordings.Length;
            float[] speech = Synthesizer.Synthesize(voice.Model, way.Convert(mel), voice.Options, new Parallelism());
            scores.Add(measures.Score(recording, Aligned(speech, way.DelaySamples)));
        }
        string text = way.IsIdentity ? "as it is" : way.Difference == null ? "exact" : $"approximate: {way.Difference}";
        double voicing = VoicingScores.Pool([.. scores.Select(s => s.Voicing)]).F1;
        MarkdownTable.Row($"{recipe.Name}", $"{text}{(way.DelaySamples == 0 ? "" : FormattableString.Invariant($", {way.DelaySamples} samples later"))}",
            $"{off:0.000}",
            $"{scores.Average(s => s.LogMelL1):0.000}", $"{scores.Average(s => s.StftDistance):0.000}",
                $"{scores.Average(s => s.Intelligibility.Extended):0.000}", $"{voicing:0.000}");
    }

    // A mel has less than a frame more or fewer at its end.
    private static double Off(float[] converted, float[] own, MelRecipe recipe)
    {
        int a = converted.Length / recipe.Bands, b = own.Length / recipe.Bands, frames = Math.Min(a, b);
        double sum = 0;
        for (int band = 0; band < recipe.Bands; band++)
            for (int f = 0; f < frames; f++) sum += Math.Abs(converted[(band * a) + f] - own[(band * b) + f]);
        return sum / frames / recipe.Bands;
    }

    private static float[] Aligned(float[] speech, int delay) => delay >= 0 ? speech[Math.Min(delay, speech.Length)..] : [.. new float[-delay], .. speech];
}
