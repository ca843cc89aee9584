using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Cli;

namespace FlowVocoder.Tests.Models;

public class LatentSpeechTests
{
    private static readonly Parallelism One = new(1);

    public static TheoryData<CompactConfig> Configurations() => CompactModels.Configurations();

    private static (float[] Audio, float[] Mel) Speech(double seconds)
    {
        float[] audio = CliFixture.Speech(seconds, 140, seed: 5);
        return (audio, new MelSpectrogram(CompactModels.Nvidia).Compute(audio));
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void A_recording_comes_back(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        // More than one chunk where the model is fast.
        var (audio, mel) = Speech(config.Flow == FlowKind.Coupling ? 1 : 0.2);
        LatentSpeech latent = model.Encode(mel, audio, One);
        float[] decoded = model.Decode(latent, One);
        Assert.Equal(audio.Length / 256 * 256, decoded.Length);
        Assert.InRange(WaveGlowReference.Error(audio[..decoded.Length], decoded).MaxAbs, 0, 1e-4 * audio.Max(Math.Abs));
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Latents_and_frames_say_together_what_the_score_says(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        var (audio, mel) = Speech(config.Flow == FlowKind.Coupling ? 1 : 0.2);
        Likelihood score = model.Score(mel, audio, One);
        LatentSpeech latent = model.Encode(mel, audio, One);
        double squares = latent.Z.Sum(z => (double)z * z) / latent.Samples;
        Assert.Equal(score.Parts.Single(part => part.Layer == "z").Nats, -0.5 * squares - 0.5 * Math.Log(2 * Math.PI), 1e-4 * Math.Max(1, squares));
        double[] frames = model.ScoreFrames(mel, audio, One);
        Assert.Equal(audio.Length / 256, frames.Length);
        Assert.Equal(score.NatsPerSample, frames.Average(), 1e-4 * Math.Max(1, squares));
    }

    [Fact]
    public void A_recording_comes_back_nearly_through_an_equation()
    {
        foreach (var row in CompactModels.Continuous())
        {
            CompactVocoder model = CompactModels.Create(row.Data);
            var (audio, mel) = Speech(1);
            float[] decoded = model.Decode(model.Encode(mel, audio, One), One);
            Assert.InRange(WaveGlowReference.Error(audio[..decoded.Length], decoded).MaxAbs, 0, 1e-3 * audio.Max(Math.Abs));
        }
    }

    [Fact]
    public void The_latents_are_normal_where_the_voice_made_the_recording_of_normal_noise()
    {
        // A voice without a phase, whose condition is the mel alone: what it speaks of a mel is encoded under that mel as the noise that it drew.
        CompactVocoder model = CompactModels.Create(CompactModels.Small with { Harmonics = [] });
        var (_, mel) = Speech(1);
        float[] spoken = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Match = 0 }, One);
        LatentSpeech latent = model.Encode(mel, spoken, One);
        Assert.Equal(1, latent.Z.Average(z => (double)z * z), 0.03);
        Assert.Equal(3, latent.Z.Average(z => Math.Pow(z, 4)), 0.2);
        Assert.InRange(latent.Z.Average(), -0.02, 0.02);
    }

    [Fact]
    public void WaveGlow_gives_the_published_z_and_the_recording_again()
    {
        Tensor audio = WaveGlowReference.Tensor("audio.npy"), mel = WaveGlowReference.Tensor("mel.npy");
        float[] z = WaveGlowReference.Array("z.npy");
        WaveGlow model = WaveGlowReference.Load();
        LatentSpeech latent = model.Encode(mel.Span[..(mel.Channels * mel.Length)], audio.Row(0, 0), One);
        Assert.InRange(WaveGlowReference.Error(z[..latent.Z.Length], latent.Z).MaxAbs, 0, 1e-4);
        Assert.InRange(WaveGlowReference.Error(audio.Row(0, 0)[..latent.Samples].ToArray(), model.Decode(latent, One)).MaxAbs, 0, 1e-4);
        Assert.Contains("does not divide into frames", Assert.Throws<VocoderException>(() => model.ScoreFrames([], [], One)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        var (audio, mel) = Speech(0.1);
        LatentSpeech latent = model.Encode(mel, audio, One);
        Assert.Equal("z has 32 rows, expected 16, the samples that this voice moves as one step", Refusal(latent with { Group = 32 }));
        Assert.Equal("phase has 0 values, expected 2048, one for each sample", Refusal(latent with { Phase = [] }));
        Assert.Equal("f0 has 7 values, expected 8, one for each frame", Refusal(latent with { F0 = latent.F0[..7] }));
        Assert.Equal("mel has 560 values, expected at least 8 frames of 80 bands", Refusal(latent with { Mel = latent.Mel[..560] }));
        Assert.Equal("z has a NaN or infinite value, expected finite numbers", Refusal(latent with { Z = [.. latent.Z[1..], float.NaN] }));
        Assert.True(model.HasEncoded(latent));
        Assert.False(CompactModels.Create(CompactModels.Small with { Layers = 1 }).HasEncoded(latent));

        string Refusal(LatentSpeech wrong) => Assert.Throws<VocoderException>(() => model.Decode(wrong, One)).Message;
    }
}
