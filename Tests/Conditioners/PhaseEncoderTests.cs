using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Conditioners;

public class PhaseEncoderTests
{
    private const int Group = 8, Positions = 2, Groups = 4, Step = 3;
    private static readonly int[] s_harmonics = [5, 1, 100, 2];

    [Fact]
    public void Features_are_a_flag_and_the_harmonics_at_positions_in_the_group()
    {
        var random = new Random(1);
        float[] phase = [.. Enumerable.Range(0, Groups * Group).Select(_ => (float)(2 * Math.PI * random.NextDouble()))];
        Tensor features = Write(phase, voiced: true);
        for (int t = 0; t < Groups; t++)
        {
            Assert.Equal(1, features.Row(1, 0)[Step + t]);
            for (int p = 0; p < Positions; p++)
                for (int h = 0; h < s_harmonics.Length; h++)
                {
                    // The middles of the halves of a group.
                    double angle = s_harmonics[h] * (double)phase[t * Group + (p == 0 ? 2 : 6)];
                    int channel = 1 + 2 * (p * s_harmonics.Length + h);
                    Assert.Equal(Math.Cos(angle), features.Row(1, channel)[Step + t], 1e-7);
                    Assert.Equal(Math.Sin(angle), features.Row(1, channel + 1)[Step + t], 1e-7);
                }
        }
    }

    [Fact]
    public void Without_a_pitch_all_features_are_zero_and_others_stay_as_they_were()
    {
        Tensor features = Write(new float[Groups * Group], voiced: false);
        for (int b = 0; b < 2; b++)
            for (int c = 0; c < features.Channels; c++)
                for (int t = 0; t < features.Length; t++) Assert.Equal(b == 1 && t is >= Step and < Step + Groups ? 0 : 9, features.Row(b, c)[t]);
    }

    [Fact]
    public void Signals_of_bands_are_as_strong_as_white_noise_where_there_is_a_pitch()
    {
        var config = new CompactConfig
        {
            Harmonics = s_harmonics, PhasePositions = Positions, Group = Group, ConditionChannels = 3, HarmonicBands = [2000, 6000],
        };
        var encoder = new PhaseEncoder(new ParameterSet(1), config, 22050);
        PhaseFeatures written = encoder.Rent(new CpuOps(), 1, 512);
        // A whole number of periods: 147 samples each, a train of pulses through two band passes.
        float[] phase = [.. Enumerable.Range(0, 512 * Group).Select(t => (float)(2 * Math.PI * t / 147))];
        encoder.Write(phase, 150, written, 0, 0);
        float[] hz = [2000, 4000];
        for (int j = 0; j < 4; j++)
            Assert.Equal(hz[j / 2] / 11025, written.Signals!.Row(0, j)[..(27 * 147)].ToArray().Average(v => (double)v * v), 0.02);
        encoder.Write(phase[..Group], 0, written, 0, 2);
        Assert.All(written.Signals!.Row(0, 1).Slice(2 * Group, Group).ToArray(), v => Assert.Equal(0, v));
        Assert.NotEqual(0, written.Signals!.Row(0, 1)[3 * Group]);
    }

    private static Tensor Write(float[] phase, bool voiced)
    {
        var config = new CompactConfig { Harmonics = s_harmonics, PhasePositions = Positions, Group = Group, ConditionChannels = 3 };
        var encoder = new PhaseEncoder(new ParameterSet(1), config, 22050);
        Assert.Equal(17, encoder.Features);
        PhaseFeatures written = encoder.Rent(new CpuOps(), 2, Step + Groups + 1);
        written.Features.Span.Fill(9);
        encoder.Write(phase, voiced ? 150 : 0, written, 1, Step);
        return written.Features;
    }
}
