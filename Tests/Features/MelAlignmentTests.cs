using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelAlignmentTests
{
    private const int Bands = 3;

    // [bands, frames] of a curve that passes each point once.
    private static float[] Curve(params double[] at) =>
        [.. Enumerable.Range(0, Bands).SelectMany(b => at.Select(t => (float)(b switch { 0 => t, 1 => Math.Sin(3 * t), _ => Math.Cos(2 * t) })))];

    [Fact]
    public void A_clip_goes_with_itself_frame_by_frame()
    {
        float[] mel = Curve([.. Enumerable.Range(0, 50).Select(i => 0.1 * i)]);
        MelAlignment alignment = MelAlignment.Of(mel, mel, Bands);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (i, i)), alignment.Path);
        Assert.Equal(0, alignment.Cost);
    }

    [Fact]
    public void A_stretched_copy_at_another_level_is_followed()
    {
        // By turns faster and slower than the even stretch, from which it departs by up to 0.35.
        double[] slow = [.. Enumerable.Range(0, 80).Select(j => 5 * j / 79.0 + 0.35 * Math.Sin(4 * Math.PI * j / 79))];
        float[] first = Curve([.. Enumerable.Range(0, 51).Select(i => 0.1 * i)]), second = Curve(slow);
        MelAlignment alignment = MelAlignment.Of(first, [.. second.Select((v, n) => v + 4 * (n / 80))], Bands);
        Assert.Equal((0, 0), alignment.Path[0]);
        Assert.Equal((50, 79), alignment.Path[^1]);
        Assert.All(alignment.Path, pair => Assert.InRange(0.1 * pair.First - slow[pair.Second], -0.2, 0.2));
        Assert.All(alignment.Path.Zip(alignment.Path.Skip(1)), step =>
        {
            int along = step.Second.First - step.First.First, across = step.Second.Second - step.First.Second;
            Assert.True(along is 0 or 1 && across is 0 or 1 && along + across > 0);
        });
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(4, 6)]
    [InlineData(6, 5)]
    public void No_path_of_all_costs_less(int rows, int columns)
    {
        var random = new Random(rows * 10 + columns);
        float[] a = Random(rows), b = Random(columns);
        double[,] distance = new double[rows, columns];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                distance[i, j] = Math.Sqrt(Enumerable.Range(0, Bands).Sum(k => Math.Pow(Value(a, rows, k, i) - Value(b, columns, k, j), 2)));
        MelAlignment found = MelAlignment.Of(a, b, Bands);
        Assert.Equal(Least(0, 0, 2 * distance[0, 0]), found.Cost, 1e-4);
        Assert.Equal(found.Cost, 2 * distance[0, 0] + found.Path.Zip(found.Path.Skip(1)).Sum(s =>
            (s.Second.First - s.First.First + s.Second.Second - s.First.Second) * distance[s.Second.First, s.Second.Second]), 1e-4);

        float[] Random(int frames) => [.. Enumerable.Range(0, Bands * frames).Select(_ => random.NextSingle())];
        static double Value(float[] mel, int frames, int band, int frame) =>
            mel[band * frames + frame] - mel.AsSpan(band * frames, frames).ToArray().Average(v => (double)v);
        // Every path there is.
        double Least(int i, int j, double sum)
        {
            if (i == rows - 1 && j == columns - 1) return sum;
            double least = double.PositiveInfinity;
            foreach (var (di, dj) in new[] { (1, 1), (1, 0), (0, 1) })
                if (i + di < rows && j + dj < columns) least = Math.Min(least, Least(i + di, j + dj, sum + (di + dj) * distance[i + di, j + dj]));
            return least;
        }
    }

    [Fact]
    public void Clips_too_long_are_refused() =>
        Assert.Contains("too long to be aligned", Assert.Throws<VocoderException>(() => MelAlignment.Of(new float[20_000], new float[20_000], 1)).Message,
            StringComparison.Ordinal);
}
