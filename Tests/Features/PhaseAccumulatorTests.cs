using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class PhaseAccumulatorTests
{
    private const int Rate = 22050, Hop = 256;
    private static readonly MelRecipe _hifigan = MelRecipe.ByName("hifigan");
    private static readonly MelRecipe _centred = _hifigan with { Centering = MelCentering.Centered };

    [Fact]
    public void A_constant_F0_turns_at_its_frequency_times_the_ratio()
    {
        float[] phase = Run(_hifigan, [150, 150, 150, 150, 150], start: 1.0, ratio: 1.5);
        for (int t = 0; t < phase.Length; t++)
            Assert.Equal(0, Math.IEEERemainder(1.0 + (2 * Math.PI * 225 * t / Rate) - phase[t], 2 * Math.PI), 1e-6);
    }

    [Fact]
    public void F0_is_interpolated_between_the_centres_of_frames()
    {
        // Frames of 100, 200, 300 Hz: at the centre of frame 1 the phase turns at 200 Hz, half a hop later at 250.
        foreach ((MelRecipe recipe, int centre) in new[] { (_hifigan, Hop + (Hop / 2)), (_centred, Hop) })
        {
            float[] phase = Run(recipe, [100, 200, 300, 300]);
            Assert.Equal(200, Hz(phase, centre), 0.1);
            Assert.Equal(250, Hz(phase, centre + (Hop / 2)), 0.1);
            Assert.Equal(150, Hz(phase, centre - (Hop / 2)), 0.1);
        }
    }

    [Fact]
    public void Unvoiced_frames_hold_the_last_voiced_F0_and_a_start_takes_the_first()
    {
        float[] phase = Run(_hifigan, [0, 180, 0, 0, 0]);
        for (int t = 0; t < phase.Length - 1; t++)
            Assert.Equal(180, Hz(phase, t), 0.1);
    }

    [Fact]
    public void Chunks_of_whole_frames_change_no_bit()
    {
        var random = new Random(1);
        float[] f0 = [.. Enumerable.Range(0, 40).Select(_ => random.Next(3) == 0 ? 0f : 80 + (300 * random.NextSingle()))];
        float[] whole = Run(_hifigan, f0, start: 0.7);
        var accumulator = new PhaseAccumulator(_hifigan);
        accumulator.Reset(0.7);
        float[] cut = new float[whole.Length];
        for (int i = 0; i < f0.Length - 1;)
        {
            int n = Math.Min(random.Next(1, 6), f0.Length - 1 - i);
            accumulator.Advance(f0.AsSpan(i, n + 1), cut.AsSpan(i * Hop, n * Hop));
            i += n;
        }
        Assert.Equal(whole, cut);
    }

    [Fact]
    public void It_retraces_the_phase_of_a_tone_from_its_F0()
    {
        double[] truth = new double[Rate];
        static double Vibrato(double t) => 200 * (1 + (0.03 * Math.Sin(2 * Math.PI * 4 * t / Rate)));
        PitchTrackerTests.Tone(Rate, Vibrato, 1, start: 0.4, phase: truth);
        float[] f0 = [.. Enumerable.Range(0, (Rate / Hop) + 1).Select(i => (float)Vibrato((i * Hop) + (Hop / 2)))];
        float[] phase = Run(_hifigan, f0, start: 0.4);
        for (int t = 0; t < phase.Length; t++)
            Assert.InRange(Math.IEEERemainder(phase[t] - truth[t], 2 * Math.PI), -0.1, 0.1);
    }

    [Fact]
    public void An_hour_of_a_tone_ends_where_the_closed_form_does()
    {
        const long Frames = 3600L * Rate / Hop;
        var accumulator = new PhaseAccumulator(_hifigan);
        accumulator.Reset(0.25);
        float[] phase = new float[Hop];
        for (long i = 0; i < Frames; i++) accumulator.Advance([137, 137], phase);
        // Whole turns are exact in integers: 137·t over the rate.
        long t = Frames * Hop - 1;
        double expected = 0.25 + 2 * Math.PI * (137 * t % Rate) / Rate;
        Assert.Equal(0, Math.IEEERemainder(expected - phase[^1], 2 * Math.PI), 1e-6);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused() =>
        Assert.Throws<ArgumentException>(() => new PhaseAccumulator(_hifigan).Advance([100, 100], new float[Hop - 1]));

    private static float[] Run(MelRecipe recipe, float[] f0, double start = 0, double ratio = 1)
    {
        var accumulator = new PhaseAccumulator(recipe);
        accumulator.Reset(start);
        float[] phase = new float[(f0.Length - 1) * Hop];
        accumulator.Advance(f0, phase, ratio);
        return phase;
    }

    private static double Hz(float[] phase, int t) =>
        Math.IEEERemainder(phase[t + 1] - phase[t], 2 * Math.PI) * Rate / (2 * Math.PI);
}
