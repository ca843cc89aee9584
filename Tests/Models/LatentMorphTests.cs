using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Cli;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

public class LatentMorphTests
{
    private static readonly Parallelism One = new(1);
    private static readonly CompactVocoder s_voice = (CompactVocoder)VoiceLibrary.Load(VoiceLibrary.DefaultJudge).Model;

    private static (LatentSpeech Latent, float[] Audio) Encode(double seconds, double fundamental, int seed)
    {
        float[] audio = CliFixture.Speech(seconds, fundamental, seed);
        return (s_voice.Encode(new MelSpectrogram(s_voice.Recipe).Compute(audio), audio, One), audio);
    }

    [Fact]
    public void Both_ends_are_the_recordings_themselves()
    {
        var (first, a) = Encode(0.5, 110, 1);
        var (second, b) = Encode(0.7, 160, 2);
        var morph = new LatentMorph(first, second, s_voice.Recipe);
        foreach (var (weight, audio) in new[] { (0.0, a), (1.0, b) })
        {
            float[] spoken = s_voice.Decode(morph.At(weight), One);
            Assert.InRange(WaveGlowReference.Error(audio.AsSpan(0, spoken.Length), spoken).MaxAbs, 0, 1e-4);
        }
    }

    [Fact]
    public void Between_a_recording_and_itself_there_is_nothing_else()
    {
        var (latent, _) = Encode(0.5, 130, 1);
        LatentSpeech half = new LatentMorph(latent, latent, s_voice.Recipe).At(0.4);
        Assert.Equal(latent.Samples, half.Samples);
        Assert.InRange(WaveGlowReference.Error(latent.Z, half.Z).MaxAbs, 0, 1e-4);
        Assert.InRange(WaveGlowReference.Error(latent.Mel.AsSpan(0, half.Mel.Length), half.Mel).MaxAbs, 0, 1e-4);
        Assert.All(latent.Phase.Zip(half.Phase), p => Assert.InRange(Math.IEEERemainder(p.First - p.Second, 2 * Math.PI), -0.01, 0.01));
        Assert.Equal(latent.F0, half.F0);
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.75)]
    public void Length_pitch_mel_and_noise_lie_between(double weight)
    {
        var (first, a) = Encode(0.6, 110, 1);
        var (second, b) = Encode(0.8, 165, 2);
        LatentSpeech between = new LatentMorph(first, second, s_voice.Recipe).At(weight);
        int hop = s_voice.Recipe.HopSize, frames = between.Samples / hop;
        Assert.Equal((1 - weight) * a.Length + weight * b.Length, between.Samples, 2.0 * hop);
        between.Validate(s_voice.Recipe, s_voice.Config.Group, hasPhase: true);
        // The phase turns as often as the fundamental in between, and F0 says the same.
        double hz = (1 - weight) * 110 + weight * 165, turns = 0;
        for (int t = 5 * hop; t < (frames - 5) * hop; t++) turns += Math.IEEERemainder(between.Phase[t + 1] - between.Phase[t], 2 * Math.PI) / (2 * Math.PI);
        Assert.Equal(hz, turns / ((frames - 10.0) * hop) * s_voice.Recipe.SampleRate, 0.02 * hz);
        Assert.Equal(hz, between.F0[5..^5].Where(f => f > 0).Average(), 0.02 * hz);
        // A sphere and no chord: z is as long as at the ends.
        double Length(LatentSpeech latent) => latent.Z.Average(z => (double)z * z);
        Assert.InRange(Length(between), 0.9 * Math.Min(Length(first), Length(second)), 1.1 * Math.Max(Length(first), Length(second)));
        Assert.Equal((1 - weight) * first.Mel.Average() + weight * second.Mel.Average(), between.Mel.Average(), 0.2);
    }

    [Fact]
    public void Time_goes_on_evenly_along_the_path()
    {
        var (first, _) = Encode(0.5, 110, 1);
        var (second, _) = Encode(0.8, 120, 2);
        var morph = new LatentMorph(first, second, s_voice.Recipe);
        var times = morph.Times(0.3);
        for (int n = 0; n < times.Length; n++) Assert.Equal(n, 0.7 * times[n].First + 0.3 * times[n].Second, 1e-9);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second.First >= pair.First.First && pair.Second.Second >= pair.First.Second));
    }

    [Fact]
    public void Spherical_interpolation_of_a_right_angle_is_cosine_and_sine()
    {
        float[] a = [3, 0, 0], b = [0, 3, 0];
        LatentMorph.Slerp(a, b, 1.0 / 3);
        Assert.Equal([3 * Math.Cos(Math.PI / 6), 3 * Math.Sin(Math.PI / 6), 0], a.Select(v => (double)v), (x, y) => Math.Abs(x - y) < 1e-6);
        float[] same = [1, 2], zero = [0, 0];
        LatentMorph.Slerp(same, [1, 2], 0.3);
        Assert.Equal([1f, 2f], same);
        LatentMorph.Slerp(zero, [1, 1], 0.5);
        Assert.Equal([0.5f, 0.5f], zero);
    }
}
