using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Cli;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training.Evaluation;

public class PlantedFaultTests
{
    private const int Rate = 22050;
    private static readonly Parallelism One = new(1);

    private static PlantedFault Fault(string name) => PlantedFault.All.Single(fault => fault.Name == name);

    private static (float[] Audio, float[] Spoilt, bool[] Where) Plant(string name)
    {
        float[] audio = CliFixture.Speech(3, 120, seed: 1);
        var (spoilt, where) = Fault(name).Plant(audio, Rate, new Philox(1));
        return (audio, spoilt, where);
    }

    [Theory]
    [InlineData("clicks", 9)]
    [InlineData("dropouts", 500)]
    [InlineData("clipping", 100)]
    public void A_fault_is_where_it_says_and_nowhere_else(string name, int least)
    {
        var (audio, spoilt, where) = Plant(name);
        Assert.Equal(audio.Length, spoilt.Length);
        for (int t = 0; t < audio.Length; t++)
            if (!where[t]) Assert.Equal(audio[t], spoilt[t]);
        Assert.InRange(Enumerable.Range(0, audio.Length).Count(t => spoilt[t] != audio[t]), least, 3 * audio.Length / 4);
        Assert.Equal(name == "dropouts", Enumerable.Range(0, audio.Length).Where(t => where[t]).All(t => spoilt[t] == 0));
    }

    [Fact]
    public void Mu_law_leaves_as_much_noise_as_its_steps_make()
    {
        // A step at level x is ln(256)/127·(1/255 + |x|) wide, and its noise a twelfth of that squared.
        var (audio, spoilt, where) = Plant("µ-law");
        double noise = 0, expected = 0;
        for (int t = 0; t < audio.Length; t++)
        {
            noise += Math.Pow(spoilt[t] - audio[t], 2);
            expected += Math.Pow(Math.Log(256) / 127 * (1 / 255.0 + Math.Abs(audio[t])), 2) / 12;
        }
        Assert.Equal(1, noise / expected, 0.1);
        Assert.DoesNotContain(false, where);
    }

    [Theory]
    [InlineData("15 % too fast", 1.15)]
    [InlineData("15 % too slow", 0.85)]
    public void A_wrong_rate_moves_the_pitch(string name, double speed)
    {
        var (audio, spoilt, _) = Plant(name);
        Assert.Equal(audio.Length / speed, spoilt.Length, 5.0);
        float[] f0 = [.. new PitchTracker(MelRecipe.ByName("hifigan")).Track(spoilt, spoilt.Length / 256).F0.Where(f => f > 0).Order()];
        Assert.Equal(120 * speed, f0[f0.Length / 2], 0.02 * 120);
    }

    // What a table of the documentation shows on recordings, on what the default voice speaks: 24 s of six speakers.
    [Fact]
    public void Planted_faults_surprise_the_judge_that_ships_and_levels_do_not_tell_them()
    {
        VocoderModel judge = VoiceLibrary.Load(VoiceLibrary.DefaultJudge).Model, speaker = VoiceLibrary.Load(VoiceLibrary.DefaultVoice).Model;
        string folder = Path.Combine(AppContext.BaseDirectory, "samples");
        float[][] clips = [.. Directory.GetFiles(folder, "*.npy").Order(StringComparer.Ordinal)
            .Select(f => Synthesizer.Synthesize(speaker, MelFile.Read(f, 80).Data, new SynthesisOptions(), One))];
        Assert.Equal(6, clips.Length);
        (double[][] Surprise, double[][] Level) Measure(IEnumerable<float[]> audio) =>
            ([.. audio.Select(a => Surprise(judge, a))], [.. audio.Select(a => FrameMeasures.Level(a, 256))]);
        var normal = Measure(clips);
        AnomalyDetector surprise = AnomalyDetector.Fit(normal.Surprise, 0.01, 86), level = AnomalyDetector.Fit(normal.Level, 0.01, 86);
        foreach (var (name, least) in new[] { ("clicks", 0.5), ("clipping", 0.25), ("dropouts", 0.3) })
        {
            var spoilt = clips[..3].Select((clip, i) => Fault(name).Plant(clip, Rate, new Philox((ulong)i))).ToArray();
            var values = Measure(spoilt.Select(s => s.Audio));
            double found = Found(surprise, values.Surprise), byLevel = Found(level, values.Level);
            Assert.True(found > least && found > byLevel, $"{name}: {found:0.00} of the frames by surprise, {byLevel:0.00} by level");

            double Found(AnomalyDetector detector, double[][] measured)
            {
                bool[] hits = [.. measured.SelectMany((m, i) => detector.Score(m).Frames.Select(
                    (z, k) => (z, Faulty: spoilt[i].Where.AsSpan(k * 256, 256).Contains(true))))
                    .Where(frame => frame.Faulty).Select(frame => Math.Abs(frame.z) > detector.FrameThreshold)];
                return hits.Average(hit => hit ? 1.0 : 0.0);
            }
        }
    }

    private static double[] Surprise(VocoderModel judge, float[] audio) =>
        FrameMeasures.Surprise(judge.Encode(new MelSpectrogram(judge.Recipe).Compute(audio), audio, One), 256);
}
