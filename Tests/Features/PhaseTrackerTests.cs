using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class PhaseTrackerTests
{
    private static readonly MelRecipe _hifigan = MelRecipe.ByName("hifigan");
    private const int Rate = 22050, Hop = 256;

    [Theory]
    [InlineData(110, 0.3)]
    [InlineData(180, 2.0)]
    [InlineData(250, -1.0)]
    public void The_phase_of_a_harmonic_tone_with_vibrato_is_found(double hz, double start)
    {
        // Vibrato of ±3 % at 4 Hz, from a start phase the tracker cannot know; F0 as the pitch tracker finds it.
        float[] x = new float[Rate];
        double[] truth = new double[Rate];
        x = PitchTrackerTests.Tone(Rate, t => hz * (1 + (0.03 * Math.Sin(2 * Math.PI * 4 * t / Rate))), 12, start: start, phase: truth);
        float[] f0 = new PitchTracker(_hifigan).Track(x, x.Length / Hop).F0;
        float[] phase = new PhaseTracker(_hifigan).Phase(x, f0);
        Assert.Equal(x.Length, phase.Length);
        for (int t = 1000; t < x.Length - 1000; t++)
            Assert.InRange(Math.IEEERemainder(phase[t] - truth[t], 2 * Math.PI), -0.1, 0.1);
        Assert.All(phase, p => Assert.InRange(p, 0, (float)(2 * Math.PI)));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(15), InlineData(230), InlineData(20_011)]
    public void A_recording_in_pieces_has_the_phase_and_the_pitch_of_the_whole(int samples)
    {
        var random = new Random(4);
        float[] x = PitchTrackerTests.Tone(samples, t => 150 + 0.002 * t, 6);
        for (int t = 0; t < x.Length; t++) x[t] += 0.01f * (float)random.NextDouble();
        int frames = x.Length / Hop + 1;
        PitchTrack whole = new PitchTracker(_hifigan).Track(x, frames);
        float[] phase = new PhaseTracker(_hifigan).Phase(x, whole.F0);
        for (int run = 0; run < 4; run++)
        {
            PitchStream pitch = new PitchTracker(_hifigan).NewStream();
            PhaseStream stream = new PhaseTracker(_hifigan).NewStream(whole.F0);
            float[] found = new float[x.Length];
            int count = 0;
            for (int t = 0, size; t < x.Length; t += size)
            {
                size = Math.Min(x.Length - t, random.Next(1, run == 0 ? 5 : 3000));
                pitch.Push(x.AsSpan(t, size));
                int expected = stream.Count(size);
                Assert.Equal(expected, stream.Push(x.AsSpan(t, size), found.AsSpan(count, expected)));
                count += expected;
            }
            Assert.InRange(x.Length - count, 0, 2 * 230);
            Assert.Equal(x.Length - count, stream.Flush(found.AsSpan(count)));
            Assert.Equal(phase, found);
            PitchTrack track = pitch.Finish(frames);
            Assert.Equal(whole.F0, track.F0);
            Assert.Equal(whole.Periodicity, track.Periodicity);
        }
    }

    [Fact]
    public void A_wrong_F0_is_corrected_by_the_recording()
    {
        // 2 % off is 2.4 Hz: the integral alone is a full turn wrong after 0.4 s, the envelope turns along.
        double[] truth = new double[Rate];
        float[] x = PitchTrackerTests.Tone(Rate, _ => 120, 8, phase: truth);
        float[] f0 = new float[x.Length / Hop];
        Array.Fill(f0, 122.4f);
        float[] phase = new PhaseTracker(_hifigan).Phase(x, f0);
        for (int t = 1000; t < x.Length - 1000; t++)
            Assert.InRange(Math.IEEERemainder(phase[t] - truth[t], 2 * Math.PI), -0.1, 0.1);
    }

    [Fact]
    public void Gaps_are_bridged_linearly_and_the_ends_held()
    {
        Assert.Equal([100, 100, 110, 120, 130, 130], PhaseTracker.Bridge([0, 100, 0, 0, 130, 0]));
        Assert.Equal([PhaseTracker.DefaultHz, PhaseTracker.DefaultHz], PhaseTracker.Bridge([0, 0]));
        Assert.Empty(PhaseTracker.Bridge([]));
    }

    [Fact]
    public void Silence_keeps_the_frequency_of_its_neighbours()
    {
        float[] x = new float[4 * Hop];
        float[] phase = new PhaseTracker(_hifigan).Phase(x, [0, 200, 0, 0]);
        for (int t = 1; t < x.Length; t++)
            Assert.Equal(2 * Math.PI * 200 / Rate, Math.IEEERemainder(phase[t] - phase[t - 1], 2 * Math.PI), 1e-5);
    }
}
