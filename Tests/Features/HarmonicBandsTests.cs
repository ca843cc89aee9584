using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class HarmonicBandsTests
{
    [Theory]
    [InlineData(151.3f, 64)]
    [InlineData(75f, 37)]
    [InlineData(420f, 16)]
    [InlineData(1100f, 9)]
    public void Each_band_has_its_harmonics_and_those_on_an_edge_in_part(float hz, int samples)
    {
        float[] edges = [500, 1000, 4000, 8000];
        var random = new Random(1);
        float[] phase = [.. Enumerable.Range(0, samples).Select(_ => (float)(2 * Math.PI * random.NextDouble()))];
        const int first = 3;
        var bands = new Tensor(2, 2 * edges.Length, samples + 5);
        bands.Span.Fill(9);
        HarmonicBands.Write(phase, hz, edges, 0.5f, bands, 1, first);
        for (int row = 0; row < bands.Channels; row++)
        {
            Assert.All(bands.Row(0, row).ToArray(), v => Assert.Equal(9, v));
            Assert.All([.. bands.Row(1, row)[..first], .. bands.Row(1, row)[(first + samples)..]], v => Assert.Equal(9, v));
        }
        for (int b = 0; b < edges.Length; b++)
            for (int t = 0; t < samples; t++)
            {
                double cos = 0, sin = 0, below = b == 0 ? 0 : edges[b - 1];
                for (int k = 1; k < 200; k++)
                {
                    double part = Math.Max(0, Math.Min((k + 0.5) * hz, edges[b]) - Math.Max((k - 0.5) * hz, below)) / hz;
                    cos += part * Math.Cos(k * (double)phase[t]);
                    sin += part * Math.Sin(k * (double)phase[t]);
                }
                Assert.Equal(0.5 * cos, bands.Row(1, 2 * b)[first + t], 2e-4);
                Assert.Equal(0.5 * sin, bands.Row(1, 2 * b + 1)[first + t], 2e-4);
            }
    }

    [Fact]
    public void The_last_samples_of_a_chunk_are_those_of_a_longer_one()
    {
        float[] phase = [.. Enumerable.Range(0, 67).Select(t => 0.09f * t)], edges = [700, 3000];
        Tensor whole = new(1, 4, 67), part = new(1, 4, 5);
        HarmonicBands.Write(phase, 120, edges, 1, whole, 0, 0);
        HarmonicBands.Write(phase.AsSpan(40, 5), 120, edges, 1, part, 0, 0);
        for (int row = 0; row < 4; row++) Assert.Equal(whole.Row(0, row)[40..45].ToArray(), part.Row(0, row).ToArray());
    }
}
