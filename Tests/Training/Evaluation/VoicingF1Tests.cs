using FlowVocoder.Features;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class VoicingF1Tests
{
    [Fact]
    public void CountsAndCentsOfAHandWorkedPair()
    {
        float[] reference = [0, 100, 100, 100, 200, 0, 0, 150];
        float[] generated = [0, 100, 200, 0, 198, 90, 0, 150, 400];
        var scores = VoicingScores.Of(reference, generated);
        Assert.Equal((4, 1, 1, 2), (scores.BothVoiced, scores.OnlyReference, scores.OnlyGenerated, scores.BothUnvoiced));
        Assert.Equal(0.8, scores.F1, 12); // 2·4 / (2·4 + 1 + 1)
        Assert.Equal(0.25, scores.VoicingError, 12);
        // 0, +1200, 1200·log2(0.99) = -17.3995 and 0 cents
        Assert.Equal(17.3995 / 2, scores.MedianCents, 3);
        Assert.Equal(0.75, scores.Within50Cents, 12);
        Assert.Equal(-17.3995f, scores.Cents[2], 3);
    }

    [Fact]
    public void PoolingCountsFramesNotClips()
    {
        var pooled = VoicingScores.Pool([VoicingScores.Of([100, 100, 100], [100, 100, 100]), VoicingScores.Of([100], [0])]);
        Assert.Equal(6 / 7.0, pooled.F1, 12);
        Assert.Equal(3, pooled.Cents.Count);
    }

    [Fact]
    public void NothingVoicedHasNoScore()
    {
        var scores = VoicingScores.Of([0, 0], [0, 0]);
        Assert.True(double.IsNaN(scores.F1) && double.IsNaN(scores.MedianCents) && double.IsNaN(scores.Within50Cents));
    }

    [Fact]
    public void APulseTrainASemitoneHigherIsOff100CentsAndItsWhisperIsLost()
    {
        var metric = new VoicingF1(MelRecipe.ByName("hifigan"));
        float[] low = Pulses(120), high = Pulses(120 * Math.Pow(2, 1 / 12.0));
        var shifted = metric.Compare(low, high);
        Assert.Equal(1, shifted.F1, 2);
        Assert.InRange(shifted.MedianCents, 97, 103);
        Assert.Equal(0, shifted.Within50Cents);

        var random = new Random(3);
        var whisper = metric.Compare(low, [.. low.Select(_ => (float)(random.NextDouble() - 0.5))]);
        Assert.True(whisper.F1 < 0.05, $"noise counts as voiced: {whisper.F1}");
    }

    /// <summary>Ten harmonics at 22.05 kHz, one second.</summary>
    private static float[] Pulses(double hz) =>
        [.. Enumerable.Range(0, 22050).Select(t => (float)Enumerable.Range(1, 10).Sum(k => 0.05 * Math.Cos(2 * Math.PI * k * hz * t / 22050)))];
}
