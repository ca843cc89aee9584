using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

public class WaveGlowUpsamplerTests
{
    // Kernels that are and are not a multiple of the stride; lengths that cut the last frame, end with it, and let its kernel run out.
    [Theory]
    [InlineData(8, 2, 10), InlineData(8, 2, 9), InlineData(8, 2, 16)]
    [InlineData(7, 3, 15), InlineData(7, 3, 19), InlineData(5, 5, 25), InlineData(5, 5, 21), InlineData(11, 4, 27)]
    public void It_is_the_transposed_convolution(int kernel, int stride, int length)
    {
        const int Bands = 3, Frames = 5, Batch = 2;
        WaveGlowConfig config = WaveGlowReference.Config with { MelChannels = Bands, UpsampleKernel = kernel, UpsampleStride = stride };
        var parameters = new ParameterSet(seed: 5);
        var upsampler = new WaveGlowUpsampler(parameters, config);
        Tensor weight = parameters.Items.Single(p => p.Name == "weight").Value, bias = parameters.Items.Single(p => p.Name == "bias").Value;
        var random = new Random(1);
        var mel = new Tensor(Batch, Bands, Frames);
        foreach (ref float value in mel.Span) value = random.NextSingle() - 0.5f;

        Assert.Equal(4 * stride + kernel, upsampler.Reach(Frames));
        Tensor recorded = upsampler.Apply(new CpuOps(tape: new Tape()), mel, length), found = upsampler.Apply(new CpuOps(), mel, length);
        Assert.Equal([Batch, Bands, length], [found.Batch, found.Channels, found.Length]);
        Assert.Equal(recorded.Span, found.Span);
        for (int b = 0; b < Batch; b++)
            for (int o = 0; o < Bands; o++)
                for (int n = 0; n < length; n++)
                {
                    double sum = bias.Span[o];
                    for (int c = 0; c < Bands; c++)
                        for (int f = 0; f < Frames; f++)
                            if (n - f * stride is >= 0 and int k && k < kernel) sum += (double)mel.Row(b, c)[f] * weight.Row(c, o)[k];
                    Assert.Equal(sum, found.Row(b, o)[n], 1e-5);
                }
    }
}
