using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class VoiceEvaluationTests
{
    private static readonly MelRecipe Recipe = MelRecipe.ByName("hifigan");

    /// <summary>Harmonics of a gliding pitch with syllables, and noise: 22.05 kHz.</summary>
    private static float[] Voice(int seed, double seconds)
    {
        var random = new Random(seed);
        var signal = new float[(int)(22050 * seconds)];
        double phase = 0;
        for (int t = 0; t < signal.Length; t++)
        {
            phase += 2 * Math.PI * (120 + 20 * Math.Sin(t / 4000.0)) / 22050;
            double syllable = 0.55 + 0.45 * Math.Sin(t / 900.0), sum = 0.01 * (random.NextDouble() - 0.5);
            for (int k = 1; k <= 12; k++) sum += 0.05 / k * Math.Cos(k * phase);
            signal[t] = (float)(syllable * sum);
        }
        return signal;
    }

    [Fact]
    public void ARecordingScoresPerfectlyAgainstItself()
    {
        float[] x = Voice(1, 1);
        ClipScores scores = new VoiceEvaluation(Recipe).Score(x, [.. x, 0, 0, 0]);
        Assert.Equal(1.0, scores.Seconds, 9);
        Assert.Equal(0, scores.LogMelL1);
        Assert.Equal(0, scores.StftDistance);
        Assert.Equal(1, scores.Intelligibility.Stoi, 9);
        Assert.Equal(1, scores.Voicing.F1);
        Assert.Equal(0, scores.Voicing.MedianCents);
    }

    [Fact]
    public void EachScoreIsThatOfItsMeasure()
    {
        float[] x = Voice(2, 1), y = Voice(3, 1);
        ClipScores scores = new VoiceEvaluation(Recipe).Score(x, y);
        Assert.Equal(new LogMelL1(Recipe).Distance(x, y), scores.LogMelL1);
        Assert.Equal(MultiResolutionStft.Distance(x, y), scores.StftDistance);
        Assert.Equal(Stoi.Compare(Resampler.Resample(x, 22050, 10000), Resampler.Resample(y, 22050, 10000)), scores.Intelligibility);
    }

    [Fact]
    public void ClipsScoreTheSameInParallel()
    {
        var evaluation = new VoiceEvaluation(Recipe);
        float[] x = Voice(4, 0.6), y = Voice(5, 0.6);
        ClipScores alone = evaluation.Score(x, y);
        Parallel.For(0, 4, _ =>
        {
            ClipScores scores = evaluation.Score(x, y);
            Assert.Equal(alone.LogMelL1, scores.LogMelL1);
            Assert.Equal(alone.StftDistance, scores.StftDistance);
            Assert.Equal(alone.Intelligibility, scores.Intelligibility);
            Assert.Equal(alone.Voicing.Cents, scores.Voicing.Cents);
        });
    }

    [Fact]
    public void ASampleThatIsNotFiniteIsNamed()
    {
        float[] x = Voice(6, 0.1), bad = [.. x];
        bad[77] = float.NaN;
        Assert.Contains("generated sample 77 is NaN", Assert.Throws<VocoderException>(() => new VoiceEvaluation(Recipe).Score(x, bad)).Message);
    }

    [Fact]
    public void TheTableShowsSpeakersAndAllWithMeansOverClips()
    {
        var table = new EvaluationTable();
        table.Add("remi", "b", new ClipScores(1, 0.5, 1.5, new(double.NaN, double.NaN), VoicingScores.Of([100, 0], [100, 100]), Bands(0.4, 2)));
        table.Add("anna", "x", new ClipScores(2, 0.2, 1.0, new(0.9, 0.8), VoicingScores.Of([100, 100], [101, 100]), Bands(0.1, 3)));
        table.Add("remi", "a", new ClipScores(3, 0.3, 2.5, new(0.7, 0.6), VoicingScores.Of([0], [0]), Bands(double.NaN, 0)));
        string[] lines = table.ToMarkdown().TrimEnd('\n').Split('\n');
        Assert.Equal(11, lines.Length);
        Assert.Equal("| anna | 1 | 2.0 | 0.200 | 1.000 | 0.900 | 0.800 | 1.000 | 8.6 | 100.0 % |", lines[2]);
        Assert.Equal("| remi | 2 | 4.0 | 0.400 | 2.000 | 0.700 | 0.600 | 0.667 | 0.0 | 100.0 % |", lines[3]);
        Assert.Equal("| all | 3 | 6.0 | 0.333 | 1.667 | 0.800 | 0.700 | 0.857 | 0.0 | 100.0 % |", lines[4]);
        Assert.Equal("| speaker | log-mel L1 below 1 kHz | periodicity 0–1 kHz | periodicity 1–2 kHz | periodicity 2–4 kHz | periodicity 4–6 kHz | level "
            + "300–800 Hz, dB | its scatter, dB | modulation above 8 kHz | samples beyond full scale |", lines[6]);
        Assert.Equal("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|", lines[7]);
        Assert.Equal("| anna | 0.100 | 0.90 | 0.80 | 0.70 | 0.60 | -1.2 | 2.0 | 0.50 | 3 |", lines[8]);
        Assert.Equal("| remi | 0.400 | 0.90 | 0.80 | 0.70 | 0.60 | -1.2 | 2.0 | 0.50 | 2 |", lines[9]);
        Assert.Equal("| all | 0.250 | 0.90 | 0.80 | 0.70 | 0.60 | -1.2 | 2.0 | 0.50 | 5 |", lines[10]);
    }

    private static BandScores Bands(double low, int beyond) => new(low, [0.9, 0.8, 0.7, 0.6], -1.2, 2, 0.5, beyond);

    [Fact]
    public void AScoreThatDoesNotExistIsADash()
    {
        var table = new EvaluationTable();
        table.Add("s", "c", new ClipScores(0.1, 0.5, 1.5, new(double.NaN, double.NaN), VoicingScores.Of([0], [0]), Bands(double.NaN, 0)));
        Assert.Contains("| s | 1 | 0.1 | 0.500 | 1.500 | – | – | – | – | – |\n| all | 1 | 0.1 | 0.500 | 1.500 | – | – | – | – | – |\n\n", table.ToMarkdown(),
            StringComparison.Ordinal);
        Assert.Contains("| s | – | 0.90", table.ToMarkdown(), StringComparison.Ordinal);
    }
}
