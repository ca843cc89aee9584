using FlowVocoder.Compute;
using NormalDistribution = MathNet.Numerics.Distributions.Normal;

namespace FlowVocoder.Tests.Compute;

public class PhiloxTests
{
    // Known answers of Random123 (kat_vectors), philox4x32-10.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0UL, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffff_ffffffffUL, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0x299f31d0_a4093822UL, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Block_gives_the_published_words(uint c0, uint c1, uint c2, uint c3, ulong seed, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), new Philox(seed).Block(c0, c1, c2, c3));

    [Fact]
    public void The_first_normals_are_box_muller_of_the_published_words()
    {
        var row = new float[4];
        new Philox(0).Normal(row, 0, 0, 0);
        (double U, double V)[] pairs = [(0x6627e8d5 + 1.0, 0xe169c58d), (0xbc57ac4c + 1.0, 0x9b00dbd8)];
        for (int i = 0; i < 2; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(pairs[i].U / 4294967296.0)), angle = 2 * Math.PI * pairs[i].V / 4294967296.0;
            Assert.Equal(radius * Math.Cos(angle), row[2 * i], 1e-6);
            Assert.Equal(radius * Math.Sin(angle), row[2 * i + 1], 1e-6);
        }
    }

    [Fact]
    public void Normals_are_standard_normal()
    {
        const int Count = 100_000;
        var x = new float[Count];
        new Philox(1234).Normal(x, 3, 5, 0);
        double mean = x.Average(v => (double)v), variance = x.Average(v => (v - mean) * (v - mean));
        // Five standard errors of each moment.
        Assert.Equal(0, mean, 5 / Math.Sqrt(Count));
        Assert.Equal(1, variance, 5 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, x.Average(v => Math.Pow(v - mean, 3)), 5 * Math.Sqrt(6.0 / Count));
        Assert.Equal(3, x.Average(v => Math.Pow(v - mean, 4)) / (variance * variance), 5 * Math.Sqrt(24.0 / Count));
        // Kolmogorov–Smirnov at the level 1e-6, and no correlation between neighbours.
        Assert.Equal(0, Enumerable.Range(1, Count - 1).Average(i => (double)x[i] * x[i - 1]), 5 / Math.Sqrt(Count));
        Array.Sort(x);
        double distance = Enumerable.Range(0, Count).Max(i => Math.Abs(NormalDistribution.CDF(0, 1, x[i]) - (i + 0.5) / Count));
        Assert.InRange(distance, 0, 2.7 / Math.Sqrt(Count));
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(7L)]
    [InlineData((1L << 34) - 50)]
    public void Noise_does_not_depend_on_where_time_is_cut(long start)
    {
        var philox = new Philox(99);
        var random = new Random(4);
        float[] whole = new float[500], pieces = new float[500];
        philox.Normal(whole, 1, 2, start);
        for (int i = 0; i < pieces.Length;)
        {
            int count = Math.Min(random.Next(1, 12), pieces.Length - i);
            philox.Normal(pieces.AsSpan(i, count), 1, 2, start + i);
            i += count;
        }
        Samples.SameBits(whole, pieces, "pieces");
    }

    [Fact]
    public void Seeds_streams_channels_and_far_times_give_unrelated_noise()
    {
        (ulong Seed, uint Stream, uint Channel, long Start)[] sources =
            [(1, 0, 0, 0), (2, 0, 0, 0), (1UL << 32, 0, 0, 0), (1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1L << 34), (1, 0, 0, 4000)];
        var rows = sources.Select(s =>
        {
            var row = new float[4000];
            new Philox(s.Seed).Normal(row, s.Stream, s.Channel, s.Start);
            return row;
        }).ToArray();
        for (int i = 0; i < rows.Length; i++)
            for (int j = 0; j < i; j++) Assert.Equal(0, rows[i].Zip(rows[j], (a, b) => (double)a * b).Average(), 5 / Math.Sqrt(4000));
    }

    [Fact]
    public void Uniforms_fill_the_unit_interval_evenly()
    {
        var philox = new Philox(5);
        var counts = new int[100];
        for (int i = 0; i < 100_000; i++)
        {
            double u = philox.Uniform(0, 0, i);
            Assert.InRange(u, 0, 1 - 1e-16);
            counts[(int)(u * 100)]++;
        }
        // χ² with 99 degrees of freedom: 99 ± 5·√198.
        Assert.InRange(counts.Sum(n => (n - 1000) * (n - 1000) / 1000.0), 99 - 71, 99 + 71);
    }
}
