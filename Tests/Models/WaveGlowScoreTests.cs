using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

public class WaveGlowScoreTests
{
    [Fact]
    public void The_score_is_the_published_loss_with_its_constant_part_by_part()
    {
        // The reference normalised two recordings at once; here each is scored alone.
        Tensor audio = WaveGlowReference.Tensor("audio.npy"), mel = WaveGlowReference.Tensor("mel.npy");
        WaveGlow model = WaveGlowReference.Load();
        Likelihood[] scores = [.. Enumerable.Range(0, audio.Batch).Select(b =>
            model.Score(mel.Span.Slice(b * mel.Channels * mel.Length, mel.Channels * mel.Length), audio.Row(b, 0), new Parallelism(2)))];
        var expected = WaveGlowReference.Expected;
        Assert.All(scores, score => Assert.Equal(audio.Length, score.Samples));
        Assert.Equal(-expected.GetProperty("loss_sigma_1").GetDouble() - 0.5 * Math.Log(2 * Math.PI), scores.Average(score => score.NatsPerSample), 1e-6);
        for (int k = 0; k < 6; k++)
            Assert.Equal(expected.GetProperty("sum_log_s")[k].GetDouble() / (audio.Batch * audio.Length),
                scores.Average(score => Part(score, $"WN.{k}")), 1e-6);
        float[] z = WaveGlowReference.Array("z.npy");
        Assert.Equal(-0.5 * z.Average(v => (double)v * v) - 0.5 * Math.Log(2 * Math.PI), scores.Average(score => Part(score, "z")), 1e-6);
        Assert.Equal(13, scores[0].Parts.Count);
    }

    [Fact]
    public void Whole_hops_that_the_mel_covers_are_scored()
    {
        Tensor audio = WaveGlowReference.Tensor("audio.npy"), mel = WaveGlowReference.Tensor("mel.npy");
        WaveGlow model = WaveGlowReference.Load();
        ReadOnlySpan<float> first = mel.Span[..(mel.Channels * mel.Length)];
        Assert.Equal(768, model.Score(first, audio.Row(0, 0)[..1023], new Parallelism(1)).Samples);
        Assert.Equal("there is nothing to score: 255 samples and 12 mel frames, expected at least 256 and 1",
            Assert.Throws<VocoderException>(() => model.Score(mel.Span[..(mel.Channels * mel.Length)], audio.Row(0, 0)[..255], new Parallelism(1))).Message);
    }

    [Fact]
    public void A_recipe_must_have_the_bands_and_the_hop()
    {
        MelRecipe nvidia = MelRecipe.ByName("nvidia");
        Assert.Equal(nvidia with { Bands = 8 }, new WaveGlow(WaveGlowReference.Config).Recipe);
        Assert.Equal("mel recipe nvidia has 80 bands and a hop of 256, expected 8 and 256 as in the WaveGlow configuration",
            Assert.Throws<VocoderException>(() => new WaveGlow(WaveGlowReference.Config, recipe: nvidia)).Message);
        Assert.Equal(16000, new WaveGlow(WaveGlowReference.Config, recipe: nvidia with { Bands = 8, SampleRate = 16000 }).Recipe.SampleRate);
    }

    private static double Part(Likelihood score, string layer) => score.Parts.Single(part => part.Layer == layer).Nats;

    [Fact]
    public void A_recording_in_pieces_scores_as_the_whole_and_must_fit_one_pass()
    {
        var model = new WaveGlow(new WaveGlowConfig(8, 2, 8, 2, 0, new WaveGlowWaveNetConfig(1, 4, 3)));
        float[] audio = CompactScoreTests.Speech(22_050), mel = new MelSpectrogram(model.Recipe).Compute(audio);
        Likelihood whole = model.Score(mel, audio, new Parallelism(1));
        Assert.Equal(whole.Parts, model.Score(new CompactScoreTests.Pieces(audio, seed: 1), default, new Parallelism(1)).Parts);
        Assert.Equal(whole.Parts, model.Score(new CompactScoreTests.Pieces(audio, seed: 2), mel, new Parallelism(1)).Parts);
        var minute = new CompactScoreTests.Pieces(audio, seed: 3, repeats: 61);
        Assert.Equal("the recording is longer than 60 s, expected less to score under a waveglow model: it is scored in one pass, "
            + "whose memory grows with the recording", Assert.Throws<VocoderException>(() => model.Score(minute, default, new Parallelism(1))).Message);
    }
}
