using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Models;

/// <summary>Latents of the voices that encode in one pass: WaveFlow, FloWaveNet, WaveNODE.</summary>
public class OnePassLatentTests
{
    private const int Frames = 7;

    private static readonly Parallelism One = new(1);

    public static TheoryData<WaveFlowConfig> WaveFlows() => WaveFlowModels.Configurations();

    public static TheoryData<int> MultiScales() => MultiScaleModels.All();

    // The last frame is not whole, and the mel goes on beyond it.
    private static (float[] Audio, float[] Mel) Speech(VocoderModel model, int extraSamples = 5, int extraFrames = 1)
    {
        float[] audio = new float[Frames * model.Recipe.HopSize + extraSamples], mel = new float[model.Recipe.Bands * (Frames + extraFrames)];
        Tensor noise = new(1, 1, audio.Length), told = new(1, 1, mel.Length);
        new Philox(3).Normal(noise, 0, 0);
        new Philox(4).Normal(told, 0, 0);
        return ([.. noise.Span.ToArray().Select(x => 0.1f * x)], told.Span.ToArray());
    }

    private static void ComesBack(VocoderModel model, double tolerance)
    {
        var (audio, mel) = Speech(model);
        LatentSpeech latent = model.Encode(mel, audio, One);
        Assert.Equal(Frames * model.Recipe.HopSize, latent.Samples);
        Assert.True(model.HasEncoded(latent));
        float[] decoded = model.Decode(latent, One);
        Assert.Equal(latent.Samples, decoded.Length);
        Assert.InRange(WaveGlowReference.Error(audio[..decoded.Length], decoded).MaxAbs, 0, tolerance * audio.Max(Math.Abs));
        // z alone does not tell it: under another mel the recording is another.
        Assert.True(WaveGlowReference.Error(decoded, model.Decode(latent with { Mel = new float[latent.Mel.Length] }, One)).MaxAbs > 1e-3);
        Assert.Equal(Frames, FrameMeasures.Surprise(latent, model.Recipe.HopSize).Length);
    }

    // Under a mel that ends with the recording, so that both are told the same.
    private static void SaysWhatTheScoreSays(VocoderModel model)
    {
        var (audio, mel) = Speech(model, 0, 0);
        Likelihood score = model.Score(mel, audio, One);
        LatentSpeech latent = model.Encode(mel, audio, One);
        double squares = latent.Z.Sum(z => (double)z * z) / latent.Samples;
        Assert.Equal(score.Parts.Single(part => part.Layer == "z").Nats, -0.5 * squares - 0.5 * Math.Log(2 * Math.PI), 1e-4 * Math.Max(1, squares));
    }

    [Theory]
    [MemberData(nameof(WaveFlows), DisableDiscoveryEnumeration = true)]
    public void What_a_WaveFlow_encodes_comes_back(WaveFlowConfig config)
    {
        WaveFlow model = WaveFlowModels.Shaken(config);
        ComesBack(model, 1e-4);
        SaysWhatTheScoreSays(model);
    }

    [Theory]
    [MemberData(nameof(MultiScales), DisableDiscoveryEnumeration = true)]
    public void What_a_FloWaveNet_or_WaveNODE_encodes_comes_back(int number)
    {
        // A solver's steps backwards undo those forwards to its own error, which 32 steps make small.
        MultiScaleVocoder model = MultiScaleModels.Shaken(number, steps: 32);
        ComesBack(model, 1e-4);
        SaysWhatTheScoreSays(model);
    }

    [Theory]
    [MemberData(nameof(MultiScales), DisableDiscoveryEnumeration = true)]
    public void A_column_holds_all_parts_of_its_samples(int number)
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(number);
        var (audio, mel) = Speech(model, 0, 0);
        LatentSpeech latent = model.Encode(mel, audio, One);
        var ops = new CpuOps();
        MultiScaleResult result = model.Forward(ops, Tensor.From(audio, 1, 1, audio.Length), Tensor.From(mel, 1, model.Recipe.Bands, Frames));
        int row = 0;
        foreach (Tensor part in result.Latents)
        {
            int perColumn = part.Length / latent.Steps;
            for (int c = 0; c < part.Channels; c++)
                for (int t = 0; t < part.Length; t++)
                    Assert.Equal(part.Row(0, c)[t], latent.Z[(row + c * perColumn + t % perColumn) * latent.Steps + t / perColumn]);
            row += part.Channels * perColumn;
        }
        Assert.Equal(latent.Group, row);
    }

    [Fact]
    public void Morphs_lie_between()
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(0);
        var (audio, mel) = Speech(model);
        LatentSpeech first = model.Encode(mel, audio, One), second = model.Encode([.. mel.Reverse()], [.. audio.Reverse()], One);
        LatentSpeech half = new LatentMorph(first, second, model.Recipe).At(0.5);
        Assert.Equal(half.Samples, model.Decode(half, One).Length);
    }

    [Fact]
    public void Nothing_to_encode_is_refused()
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(0);
        Assert.Equal("there is nothing to encode: 63 samples and 1 mel frames, expected at least 64 and 1",
            Assert.Throws<VocoderException>(() => model.Encode(new float[4], new float[63], One)).Message);
        var (audio, mel) = Speech(model);
        LatentSpeech latent = model.Encode(mel, audio, One);
        Assert.Equal("z has 4 rows, expected 8, the samples that this voice moves as one step",
            Assert.Throws<VocoderException>(() => model.Decode(latent with { Group = 4 }, One)).Message);
    }
}
