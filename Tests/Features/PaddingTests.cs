using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class PaddingTests
{
    // Expected values are those of numpy.pad(x, (before, after), mode="reflect").
    [Theory]
    [InlineData(new[] { 1f, 2, 3, 4 }, 2, 3, new double[] { 3, 2, 1, 2, 3, 4, 3, 2, 1 })]
    [InlineData(new[] { 1f, 2, 3 }, 5, 6, new double[] { 2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2, 1 })]
    [InlineData(new[] { 1f, 2 }, 3, 3, new double[] { 2, 1, 2, 1, 2, 1, 2, 1 })]
    [InlineData(new[] { 7f }, 2, 1, new double[] { 7, 7, 7, 7 })]
    [InlineData(new[] { 1f, 2 }, 0, 0, new double[] { 1, 2 })]
    public void Reflect_does_what_numpy_does(float[] signal, int before, int after, double[] expected)
    {
        double[] padded = new double[before + signal.Length + after];
        Padding.Reflect(signal, -before, padded);
        Assert.Equal(expected, padded);
    }

    [Fact]
    public void Reflect_refuses_an_empty_signal() =>
        Assert.Throws<ArgumentException>(() => Padding.Reflect([], 1, new double[3]));
}
