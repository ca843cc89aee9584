using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training.Data;

public class MelBlurTests
{
    private const int Bands = 9;

    [Fact]
    public void A_point_becomes_a_bell_over_time_and_bands()
    {
        var blur = new MelBlur(0.75f, 1.125f);
        int reach = blur.Reach, frames = 9 + 2 * reach;
        var mel = new float[frames * Bands];
        mel[(frames / 2) * Bands + 4] = 1;
        float[] smooth = blur.Apply(mel, Bands);
        Assert.Equal(9 * Bands, smooth.Length);
        double Bell(int d, double s) => Math.Exp(-0.5 * d * d / (s * s));
        double time = Enumerable.Range(-2, 5).Sum(d => Bell(d, 0.75)), bands = Enumerable.Range(-3, 7).Sum(d => Bell(d, 1.125));
        for (int i = 0; i < 9; i++)
            for (int b = 0; b < Bands; b++)
            {
                double expected = Math.Abs(i - 4) > 2 || Math.Abs(b - 4) > 3 ? 0 : Bell(i - 4, 0.75) / time * Bell(b - 4, 1.125) / bands;
                Assert.Equal(expected, smooth[i * Bands + b], 1e-6);
            }
    }

    [Fact]
    public void What_is_even_stays_and_no_blur_changes_nothing()
    {
        var even = new float[20 * Bands];
        Array.Fill(even, -3.5f);
        Assert.All(new MelBlur(1.25f, 1.5f).Apply(even, Bands), v => Assert.Equal(-3.5f, v, 1e-6f));
        float[] any = [.. Enumerable.Range(0, 5 * Bands).Select(i => (float)i)];
        Assert.Equal(any, MelBlur.None.Apply(any, Bands));
        Assert.Equal((0, 2, 3), (MelBlur.None.Reach, new MelBlur(0.7f, 0).Reach, new MelBlur(1.15f, 0).Reach));
    }

    [Fact]
    public void A_crop_reads_its_mel_with_what_lies_around_it()
    {
        SpeechClip clip = TinyCorpus.Data.Valid[0];
        var crop = new Crop(clip, 5, 1);
        float[] plain = crop.Mel(-2, 12), smooth = (crop with { Blur = new MelBlur(1.15f, 0) }).Mel(0, 6);
        double[] weights = [.. Enumerable.Range(-3, 7).Select(d => Math.Exp(-0.5 * d * d / (1.15 * 1.15)))];
        for (int i = 0; i < 12; i++)
            for (int b = 0; b < 80; b++) Assert.Equal(clip.Mel[b * clip.MelFrames + 3 + i], plain[i * 80 + b]);
        for (int i = 0; i < 6; i++)
            Assert.Equal(Enumerable.Range(-3, 7).Sum(d => weights[d + 3] * clip.Mel[40 * clip.MelFrames + 5 + i + d]) / weights.Sum(),
                smooth[i * 80 + 40], 1e-5);
        // Beyond the ends the nearest frame.
        Assert.Equal(clip.Mel[0], (crop with { FirstFrame = 0 }).Mel(-4, 1)[0]);
    }
}
