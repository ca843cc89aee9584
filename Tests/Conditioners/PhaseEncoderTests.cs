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

    private static Tensor Write(float[] phase, bool voiced)
    {
        var config = new CompactConfig { Harmonics = s_harmonics, PhasePositions = Positions, Group = Group, ConditionChannels = 3 };
        var encoder = new PhaseEncoder(new ParameterSet(1), config, 22050);
        Assert.Equal(17, encoder.Features);
        var features = new Tensor(2, encoder.Features, Step + Groups + 1);
        features.Span.Fill(9);
        encoder.Write(phase, voiced ? 150 : 0, features, 1, Step);
        return features;
    }
}
