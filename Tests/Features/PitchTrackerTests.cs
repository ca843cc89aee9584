using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class PitchTrackerTests
{
    private const int Rate = 22050, Hop = 256;
    private static readonly MelRecipe _hifigan = MelRecipe.ByName("hifigan");
    private readonly PitchTracker _tracker = new(_hifigan);

    [Theory]
    [InlineData(80)]
    [InlineData(110)]
    [InlineData(173.2)]
    [InlineData(220.5)]
    [InlineData(311)]
    [InlineData(390)]
    public void A_harmonic_tone_has_its_F0_within_a_few_cents(double hz)
    {
        float[] x = Tone(Rate / 2, _ => hz, harmonics: (int)(4000 / hz));
        PitchTrack track = _tracker.Track(x, x.Length / Hop);
        for (int i = 4; i < track.F0.Length - 4; i++)
        {
            Assert.InRange(Cents(track.F0[i], hz), -3, 3);
            Assert.InRange(track.Periodicity[i], 0.98f, 1f);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_strong_harmonic_is_not_taken_for_the_fundamental(int strong)
    {
        float[] x = Tone(Rate / 2, _ => 120, harmonics: 20, amplitude: h => h == strong ? 2 : 1.0 / h);
        PitchTrack track = _tracker.Track(x, x.Length / Hop);
        Assert.All(track.F0[4..^4], f0 => Assert.InRange(Cents(f0, 120), -3, 3));
    }

    [Theory]
    [InlineData("hifigan", Hop / 2)]
    [InlineData("nvidia", 0)]
    public void A_sweep_is_followed_at_the_centres_of_frames(string name, int centre)
    {
        // An octave in a second: 1.4 cents a millisecond, so a frame misplaced by half a hop would show as 7 cents.
        static double Hz(double t) => 120 * Math.Pow(2, t / Rate);
        float[] x = Tone(Rate, Hz, harmonics: 10);
        PitchTrack track = new PitchTracker(MelRecipe.ByName(name)).Track(x, x.Length / Hop);
        double sum = 0;
        for (int i = 4; i < track.F0.Length - 4; i++)
        {
            double cents = Cents(track.F0[i], Hz((i * Hop) + centre));
            Assert.InRange(cents, -8, 8);
            sum += cents;
        }
        Assert.InRange(sum / (track.F0.Length - 8), -2, 2);
    }

    [Fact]
    public void Noise_is_unvoiced()
    {
        var random = new Random(1);
        float[] x = [.. Enumerable.Range(0, 4 * Rate).Select(_ => (float)(0.1 * LinearPredictionTests.Gaussian(random)))];
        PitchTrack track = _tracker.Track(x, x.Length / Hop);
        Assert.InRange(track.F0.Count(f0 => f0 == 0), 0.98 * track.F0.Length, track.F0.Length);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    public void Silence_and_a_constant_are_unvoiced(float value)
    {
        float[] x = new float[Rate / 4];
        Array.Fill(x, value);
        PitchTrack track = _tracker.Track(x, x.Length / Hop);
        // The first and last windows reach beyond the recording, where the constant steps to 0.
        Assert.All(track.F0[2..^2], f0 => Assert.Equal(0, f0));
        Assert.All(track.Periodicity[2..^2], p => Assert.Equal(0, p));
    }

    [Fact]
    public void One_frame_of_a_tone_in_noise_and_one_gap_in_a_tone_are_smoothed_away()
    {
        float[] x = Tone(Rate, _ => 200, harmonics: 10);
        float[] whole = _tracker.Track(x, x.Length / Hop).F0;
        x.AsSpan(10000, 200).Clear();
        float[] gap = _tracker.Track(x, x.Length / Hop).F0;
        Assert.Equal(whole.Count(f => f > 0), gap.Count(f => f > 0));
    }

    [Fact]
    public void A_hum_far_below_the_loudest_frame_is_background()
    {
        // Halves of a tone at 0 and at -60 dB (unvoiced), then the quiet one alone, where it is the voice.
        float[] x = Tone(Rate, _ => 150, harmonics: 10);
        for (int t = Rate / 2; t < Rate; t++)
            x[t] *= 0.001f;
        float[] f0 = _tracker.Track(x, x.Length / Hop).F0;
        Assert.All(f0[4..38], f => Assert.InRange(Cents(f, 150), -3, 3));
        Assert.All(f0[48..], f => Assert.Equal(0, f));
        float[] alone = _tracker.Track(x.AsSpan(Rate / 2), Rate / 2 / Hop).F0;
        Assert.All(alone[4..^4], f => Assert.InRange(Cents(f, 150), -3, 3));
    }

    [Fact]
    public void No_frames_and_no_audio_are_allowed()
    {
        Assert.Empty(_tracker.Track([], 0).F0);
        Assert.Equal([0, 0], _tracker.Track([], 2).F0);
    }

    internal static double Cents(double f, double reference) => 1200 * Math.Log2(f / reference);

    /// <summary>Harmonics 1/h of a fundamental cos φ(t), φ(0) = start, whose frequency varies as told per sample.</summary>
    internal static float[] Tone(int samples, Func<double, double> hz, int harmonics, Func<int, double>? amplitude = null, double start = 0,
        double[]? phase = null)
    {
        amplitude ??= h => 1.0 / h;
        float[] x = new float[samples];
        double phi = start;
        for (int t = 0; t < samples; t++)
        {
            if (phase is not null)
                phase[t] = phi;
            for (int h = 1; h <= harmonics; h++)
                x[t] += (float)(0.1 * amplitude(h) * Math.Cos(h * phi));
            phi += 2 * Math.PI * hz(t + 0.5) / Rate;
        }
        return x;
    }
}
