using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class AnomalyDetectorTests
{
    // Independent N(mean, deviation²) values.
    private static double[] Normal(ulong seed, int count, double mean = 0, double deviation = 1)
    {
        var values = new Tensor(1, 1, count);
        new Philox(seed).Normal(values, 0, 0);
        return [.. values.Span.ToArray().Select(v => mean + deviation * v)];
    }

    private static double Part(double[] scores, double threshold) => (double)scores.Count(z => Math.Abs(z) > threshold) / scores.Length;

    [Theory]
    [InlineData(0.05, 1.9600)]
    [InlineData(0.01, 2.5758)]
    public void Thresholds_of_normal_values_are_the_quantiles_of_the_normal_distribution(double falseAlarms, double quantile)
    {
        AnomalyDetector detector = AnomalyDetector.Fit([Normal(1, 40_000, 7, 3), Normal(2, 40_000, 7, 3)], falseAlarms, window: 10);
        Assert.Equal(80_000, detector.FittedFrames);
        Assert.Equal(quantile, detector.FrameThreshold, 0.05);
        Assert.Equal(quantile, detector.WindowThreshold, 0.15);
        // Others that are normal, and some that are not: z = (x - 7)/3.
        AnomalyScores scores = detector.Score(Normal(3, 40_000, 7, 3));
        Assert.Equal(falseAlarms, Part(scores.Frames, detector.FrameThreshold), 0.15 * falseAlarms);
        Assert.Equal(falseAlarms, Part(scores.Windows, detector.WindowThreshold), 0.3 * falseAlarms);
        Assert.Equal([-1, 0, 2], detector.Score([4, 7, 13]).Frames, (x, y) => Math.Abs(x - y) < 0.03);
    }

    [Fact]
    public void A_shift_that_no_frame_shows_stands_out_in_windows()
    {
        AnomalyDetector detector = AnomalyDetector.Fit([Normal(1, 50_000)], 0.01, window: 100);
        AnomalyScores scores = detector.Score(Normal(2, 5_000, mean: 0.6));
        Assert.InRange(Part(scores.Frames, detector.FrameThreshold), 0.005, 0.05);
        Assert.InRange(Part(scores.Windows, detector.WindowThreshold), 0.99, 1);
        // The mean of 100 has a tenth of the deviation.
        Assert.Equal(6, scores.Windows.Average(), 0.5);
    }

    [Fact]
    public void Windows_stay_within_the_clip()
    {
        AnomalyDetector detector = AnomalyDetector.Fit([Normal(1, 20_000)], 0.01, window: 4);
        Assert.Empty(detector.Score([1, 2, 3]).Windows);
        double[] windows = detector.Score([0, 0, 0, 0, 8, 8, 8, 8]).Windows;
        Assert.Equal(8, windows.Length);
        Assert.Equal([windows[0], windows[0], windows[0]], windows[..3]);
        Assert.Equal([windows[^1], windows[^1]], windows[^2..]);
        Assert.True(windows.Zip(windows.Skip(1)).All(pair => pair.First <= pair.Second));
    }

    [Fact]
    public void Too_little_to_learn_from_is_refused()
    {
        Assert.Contains("999 frames of normal speech are too few for 1 % of false alarms, expected at least 1000", Message([Normal(1, 999)], 5));
        Assert.Contains("no clip of normal speech is as long as a window of 60 frames",
            Message([.. Enumerable.Range(0, 20).Select(i => Normal((ulong)i, 59))], 60));
        Assert.Contains("all frames of normal speech are alike", Message([new double[2000]], 5));

        static string Message(double[][] clips, int window) => Assert.Throws<VocoderException>(() => AnomalyDetector.Fit(clips, 0.01, window)).Message;
    }

    [Fact]
    public void Surprise_is_the_cube_root_of_the_mean_square_and_normal_for_normal_z()
    {
        float[] z = [1, 1, 3, 3, 1, 1, 3, 3];
        Assert.Equal([1, Math.Cbrt(9)], FrameMeasures.Surprise(new LatentSpeech { Z = z, Group = 2, Mel = [] }, hop: 4), (x, y) => Math.Abs(x - y) < 1e-9);
        // χ² of n degrees over n, by Wilson and Hilferty: mean 1 - 2/(9n), variance 2/(9n).
        var noise = new Tensor(1, 32, 8 * 2000);
        new Philox(5).Normal(noise, 0, 0);
        double[] surprise = FrameMeasures.Surprise(new LatentSpeech { Z = noise.Span.ToArray(), Group = 32, Mel = [] }, hop: 256);
        Assert.Equal(2000, surprise.Length);
        Assert.Equal(1 - 2 / (9.0 * 256), surprise.Average(), 0.003);
        Assert.Equal(Math.Sqrt(2 / (9.0 * 256)), Math.Sqrt(surprise.Average(s => Math.Pow(s - surprise.Average(), 2))), 0.002);
    }

    [Fact]
    public void Levels_are_those_of_sines()
    {
        float[] sine = [.. Enumerable.Range(0, 1024).Select(t => (t < 512 ? 0.1f : 1f) * MathF.Sin(2 * MathF.PI * t / 64))];
        Assert.Equal([-23.01, -23.01, -3.01, -3.01], FrameMeasures.Level(sine, 256), (x, y) => Math.Abs(x - y) < 0.01);
        Assert.Equal([0, 0, 20, 0], FrameMeasures.LevelChange(sine, 256), (x, y) => Math.Abs(x - y) < 0.01);
    }
}
