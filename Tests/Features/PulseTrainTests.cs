using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class PulseTrainTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(12.25)]
    [InlineData(0.4)]
    [InlineData(80)]
    public void Is_the_sum_of_its_harmonics_the_last_in_part(double harmonics)
    {
        float[] phase = [0, 1e-8f, 1e-4f, .. Enumerable.Range(0, 200).Select(i => (float)(2 * Math.PI * i / 200)), MathF.BitDecrement(2 * MathF.PI)];
        var pulses = new float[phase.Length];
        PulseTrain.Write(phase, (float)harmonics, 0.5f, pulses);
        int whole = (int)harmonics;
        for (int t = 0; t < phase.Length; t++)
        {
            double sum = Enumerable.Range(1, whole).Sum(k => Math.Cos(k * (double)phase[t])) + ((float)harmonics - whole) * Math.Cos((whole + 1) * (double)phase[t]);
            Assert.Equal(0.5 * sum, pulses[t], 1e-5 * Math.Max(1, whole));
        }
    }
}
