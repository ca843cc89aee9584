using FlowVocoder.Features;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training.Data;

public class CropSamplerTests
{
    private const int Hop = 16, Frames = 5;
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("hifigan") with { Name = "small", FftSize = 64, WindowSize = 64, HopSize = Hop, Bands = 8 };

    private static SpeechClip Clip(string name, int frames, Func<int, float>? sample = null) =>
        new(name, [.. Enumerable.Range(0, frames * Hop).Select(sample ?? (t => t % 2 == 0 ? 0.1f : -0.1f))], s_recipe, pitch: false);

    private static CropSampler Sampler(SpeechClip[] clips, ulong seed = 1, float quietest = 0, float loudest = 0) =>
        new(clips, Frames, Hop, seed, quietest, loudest);

    [Fact]
    public void A_crop_is_a_function_of_seed_step_and_item()
    {
        SpeechClip[] clips = [Clip("a", 400), Clip("b", 300)];
        Crop[] Draw(ulong seed, bool backwards)
        {
            CropSampler sampler = Sampler(clips, seed, -12, 3);
            var crops = new Crop[200];
            for (int n = 0; n < 200; n++)
            {
                int i = backwards ? 199 - n : n;
                crops[i] = sampler.Draw(i / 10, i % 10);
            }
            return crops;
        }
        Assert.Equal(Draw(1, false), Draw(1, true));
        Assert.NotEqual(Draw(1, false), Draw(2, false));
        // Neither steps nor items repeat each other: of 688 positions, 200 draws hit some 170.
        Assert.True(Draw(1, false).Select(c => (c.Clip.Name, c.FirstFrame)).Distinct().Count() > 150);
    }

    [Fact]
    public void Every_position_of_every_clip_that_is_long_enough_is_equally_likely()
    {
        // 20 - 5 + 1 = 16 positions, 5, and 1; c is too short for any.
        SpeechClip[] clips = [Clip("a", 20), Clip("c", Frames - 1), Clip("b", 9), Clip("d", Frames)];
        CropSampler sampler = Sampler(clips);
        var counts = new Dictionary<(string, int), int>();
        for (int step = 0; step < 2200; step++)
            for (int item = 0; item < 4; item++)
            {
                Crop crop = sampler.Draw(step, item);
                counts[(crop.Clip.Name, crop.FirstFrame)] = counts.GetValueOrDefault((crop.Clip.Name, crop.FirstFrame)) + 1;
            }
        var all = Enumerable.Range(0, 16).Select(i => ("a", i)).Concat(Enumerable.Range(0, 5).Select(i => ("b", i))).Append(("d", 0));
        Assert.Equal(all.Order(), counts.Keys.Order());
        double chiSquare = counts.Values.Sum(n => Math.Pow(n - 400.0, 2) / 400);
        Assert.True(chiSquare < 46.8, $"χ² = {chiSquare}"); // 21 degrees of freedom, 0.1 %
    }

    [Fact]
    public void Silence_is_not_drawn()
    {
        // 60 of 100 frames are silent; a crop that reaches into the sound is not.
        CropSampler sampler = Sampler([Clip("a", 100, t => t >= 20 * Hop && t < 60 * Hop ? 0.1f : 0f)]);
        for (int step = 0; step < 500; step++) Assert.InRange(sampler.Draw(step, 0).FirstFrame, 20 - Frames + 1, 59);
    }

    [Fact]
    public void Recordings_of_nothing_but_silence_are_refused()
    {
        const string expected = "recordings, a, are silent: found no stretch of 80 samples above -60 dB of full scale, expected speech";
        Assert.Equal("the " + expected, Assert.Throws<VocoderException>(() => Sampler([Clip("a", 9, _ => 0f)])).Message);
        Assert.Equal("the held-out " + expected, Assert.Throws<VocoderException>(() => CropSampler.Middles([Clip("a", 9, _ => 0.0009f)], Frames, Hop)).Message);
        Assert.Equal(0, Sampler([Clip("a", 5, _ => 0.0011f)]).Draw(3, 1).FirstFrame);
    }

    [Fact]
    public void Held_out_are_the_middles_of_long_clips_or_what_is_loud_near_them()
    {
        Crop[] crops = CropSampler.Middles([Clip("a", 20), Clip("b", 4), Clip("c", 40, t => t >= 2 * Hop && t < 4 * Hop ? 0.1f : 0f), Clip("d", 40, _ => 0f)],
            Frames, Hop);
        Assert.Equal([("a", 7, 1f), ("c", 3, 1f)], crops.Select(c => (c.Clip.Name, c.FirstFrame, c.Gain)));
        Assert.Equal("no held-out recording is as long as a crop of 80 samples; the longest, b, has 64",
            Assert.Throws<VocoderException>(() => CropSampler.Middles([Clip("b", 4)], Frames, Hop)).Message);
    }

    [Fact]
    public void Gain_is_uniform_in_decibel_within_its_limits()
    {
        CropSampler sampler = Sampler([Clip("a", 20)], 5, -12, 3);
        double[] decibel = [.. Enumerable.Range(0, 1000).Select(i => 20 * Math.Log10(sampler.Draw(i, 2).Gain))];
        Assert.All(decibel, d => Assert.InRange(d, -12.0001, 3.0001));
        // Mean and deviation of a uniform distribution: -4.5 and 15/√12 = 4.330; four standard errors.
        Assert.Equal(-4.5, decibel.Average(), 0.55);
        Assert.Equal(15 / Math.Sqrt(12), Math.Sqrt(decibel.Average(d => Math.Pow(d + 4.5, 2))), 0.25);
        Assert.Equal(1f, Sampler([Clip("a", 20)]).Draw(0, 0).Gain);
    }

    [Fact]
    public void Without_a_clip_that_is_long_enough_the_longest_is_told()
    {
        VocoderException e = Assert.Throws<VocoderException>(() => Sampler([Clip("a", 2), Clip("b", 4)]));
        Assert.Equal("no recording is as long as a crop of 80 samples; the longest, b, has 64", e.Message);
    }
}
