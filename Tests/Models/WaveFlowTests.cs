using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Models;

public class WaveFlowTests(ITestOutputHelper output)
{
    public static TheoryData<WaveFlowConfig> Configurations() => WaveFlowModels.Configurations();

    [Theory, MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Audio_survives_the_round_trip_for_any_number_of_flows(WaveFlowConfig config)
    {
        WaveFlow model = WaveFlowModels.Shaken(config);
        var random = new Random(3);
        var ops = new CpuOps();
        Tensor mel = Samples.Normal(random, 2, config.MelChannels, 3), audio = Samples.Normal(random, 2, 1, 3 * model.Recipe.HopSize, 0.2);
        WaveFlowResult result = model.Forward(ops, audio, mel);
        Assert.All(result.LogDets, logDet => Assert.True(Math.Abs(logDet.Item) > 0.01));
        Tensor back = model.Generate(ops, mel, ops.Reshape(result.Latent, 2, config.Height, audio.Length / config.Height));
        var (max, relative) = WaveGlowReference.Error(audio.Span, back.Span);
        output.WriteLine($"max abs {max:g3}, relative L2 {relative:g3}");
        Assert.True(max <= 1e-4, $"max abs {max}");
    }

    [Theory]
    [InlineData(2, true, false), InlineData(6, true, false), InlineData(4, true, true), InlineData(8, true, true), InlineData(2, false, true),
        InlineData(6, false, true)]
    public void Which_checkpoints_were_trained_for_their_published_synthesis(int flows, bool splitHalves, bool expected) =>
        Assert.Equal(expected, new WaveFlow(new WaveFlowConfig { Flows = flows, SplitHalves = splitHalves, Channels = 1, Layers = 1 }).HasPublishedInverse);

    [Fact]
    public void The_determinant_is_that_of_the_numerical_jacobian()
    {
        WaveFlow model = WaveFlowModels.Shaken(new WaveFlowConfig { MelChannels = 2, Channels = 4, Height = 4, Flows = 2, Layers = 2,
            UpsampleScales = [4, 4] });
        var random = new Random(4);
        Tensor mel = Samples.Normal(random, 1, 2, 1), audio = Samples.Normal(random, 1, 1, 16);
        float[] Latent()
        {
            return model.Forward(new CpuOps(), audio, mel).Latent.Span.ToArray();
        }
        const float Step = 1f / 64;
        var jacobian = Matrix<double>.Build.Dense(16, 16);
        for (int i = 0; i < 16; i++)
        {
            float original = audio.Span[i];
            audio.Span[i] = original + Step;
            float[] above = Latent();
            audio.Span[i] = original - Step;
            float[] below = Latent();
            audio.Span[i] = original;
            for (int j = 0; j < 16; j++) jacobian[j, i] = ((double)above[j] - below[j]) / (2 * Step);
        }
        double logDet = model.Forward(new CpuOps(), audio, mel).LogDets.Sum(d => (double)d.Item);
        Assert.Equal(Math.Log(Math.Abs(jacobian.Determinant())), logDet, 1e-3);
    }

    [Fact]
    public void Sizes_are_those_of_the_paper()
    {
        // Ping et al. 2020, table 4: 5.91 M and 22.25 M with 64 and 128 channels and 16 rows, without what leads nowhere: the residual half of each network's
        // last layer.
        double Millions(int channels) => (new WaveFlow(new WaveFlowConfig { Channels = channels }).Parameters.Count - 8 * channels * (channels + 2)) / 1e6;
        Assert.Equal(5.91, Millions(64), 0.01);
        Assert.Equal(22.25, Millions(128), 0.01);
    }

    [Fact]
    public void An_exact_stream_of_the_published_size_waits_for_22_seconds()
    {
        var model = new WaveFlow(new WaveFlowConfig { Channels = 1 });
        // 8 flows of 15 rows that see 255 columns of 16 samples beyond those before them, and 2 frames of upsampling.
        Assert.Equal(8 * 15 * 255 * 16 / 256.0 + 2, model.LookAheadFrames, 0.99);
        Assert.Equal(22.2, model.LookAheadFrames * 256 / 22050.0, 0.05);
    }

    [Theory]
    [InlineData(7, 8, "n_height is 7, expected a divisor of the hop 256 from 2 to 128, even with bipartize")]
    [InlineData(16, 3, "n_flow is 3, expected an even number from 2 to 64")]
    public void What_cannot_be_built_is_refused(int height, int flows, string message) =>
        Assert.EndsWith(message, Assert.Throws<VocoderException>(() => new WaveFlow(new WaveFlowConfig { Height = height, Flows = flows })).Message);

    [Fact]
    public void Mels_and_audio_that_do_not_fit_are_refused()
    {
        WaveFlow model = WaveFlowModels.Shaken(new WaveFlowConfig { MelChannels = 2, Channels = 4, Height = 4, Flows = 2, Layers = 2,
            UpsampleScales = [4, 4] });
        string Message(int bands, int frames, int samples) =>
            Assert.Throws<VocoderException>(() => model.Forward(new CpuOps(), new Tensor(1, 1, samples), new Tensor(1, bands, frames))).Message;
        Assert.Equal("mel: found 3 bands and 1 frames, expected 2 bands and at least 1 frame", Message(3, 1, 16));
        Assert.Equal("mel: 1 frames are 16 samples, expected at least the audio's 20", Message(2, 1, 20));
        Assert.Equal("audio: found 3 samples, expected at least 4", Message(2, 1, 3));
    }
}
