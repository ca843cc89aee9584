using FlowVocoder.Features;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class LogMelL1Tests
{
    private static float[] Noise(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(0.2 * (random.NextDouble() - 0.5)))];
    }

    [Theory]
    [InlineData("nvidia")]
    [InlineData("hifigan")]
    [InlineData("espnet")] // decimal logarithm
    public void AGainCostsItsNaturalLogarithmInEveryRecipe(string recipe)
    {
        float[] x = Noise(1, 8192);
        double found = new LogMelL1(MelRecipe.ByName(recipe)).Distance(x, [.. x.Select(v => v * 0.5f)]);
        Assert.Equal(Math.Log(2), found, 4);
    }

    [Fact]
    public void SilenceLiesAtTheFloor()
    {
        var recipe = MelRecipe.ByName("nvidia");
        float[] x = Noise(2, 8192);
        double expected = new MelSpectrogram(recipe).Compute(x).Average(v => v - Math.Log(1e-5));
        Assert.Equal(expected, new LogMelL1(recipe).Distance(x, new float[9000]), 5);
    }
}
