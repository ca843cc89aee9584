using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Flows;

namespace FlowVocoder.Tests.Models;

/// <summary>ClariNet's teacher and student as densities of recordings: both directions, and what they say of likelihood.</summary>
public class ClariNetScoreTests(ITestOutputHelper output)
{
    private const int Hop = 32, Bands = 4;

    // More than two chunks, the last of them not whole.
    private const int Frames = 37;

    private static readonly Parallelism One = new(1);
    private readonly Random _random = new(5);

    public static TheoryData<int> Models => [.. Enumerable.Range(0, ClariNetModels.All.Count)];

    private float[] Speech(int samples) => Samples.Normal(_random, 1, 1, samples, 0.1).Span.ToArray();

    private float[] Mel(int frames) => Samples.Normal(_random, 1, Bands, frames).Span.ToArray();

    [Theory, MemberData(nameof(Models))]
    public void A_recording_comes_back_from_its_latents(int number)
    {
        ClariNetVocoder model = ClariNetModels.All[number]();
        // The last frame is not whole, and the mel goes on beyond it.
        float[] audio = Speech(Frames * Hop + 5), mel = Mel(Frames + 1);
        // The first sample of a student is 0.
        if (model is ClariNet) audio[0] = 0;
        LatentSpeech latent = model.Encode(mel, audio, One);
        Assert.Equal((1, Frames * Hop), (latent.Group, latent.Samples));
        Assert.True(WaveGlowReference.Error(audio[..latent.Samples], latent.Z).MaxAbs > 0.01);
        Assert.InRange(WaveGlowReference.Error(audio[..latent.Samples], model.Decode(latent, One)).MaxAbs, 0, 1e-4 * audio.Max(Math.Abs));
        Assert.True(WaveGlowReference.Error(audio[..latent.Samples], model.Decode(latent with { Mel = new float[latent.Mel.Length] }, One)).MaxAbs > 1e-3);
    }

    [Theory, MemberData(nameof(Models))]
    public void Log_det_is_that_of_the_numerical_jacobian(int number)
    {
        ClariNetVocoder model = ClariNetModels.All[number]();
        float[] mel = Mel(1);
        int first = model is ClariNet ? 1 : 0;
        FlowChecks.LogDetEqualsJacobian((_, x) =>
        {
            float[] audio = [.. new float[first], .. x.Span];
            double logDet = Hop * model.Score(mel, audio, One).Parts.Where(part => part.Layer != "z").Sum(part => part.Nats);
            return (model.Encode(mel, audio, One).Z[first..], logDet);
        }, Samples.Normal(_random, 1, 1, Hop - first, 0.3));
    }

    [Theory, MemberData(nameof(Models))]
    public void Latents_and_frames_say_together_what_the_score_says(int number)
    {
        ClariNetVocoder model = ClariNetModels.All[number]();
        float[] audio = Speech(Frames * Hop), mel = Mel(Frames);
        Likelihood score = model.Score(mel, audio, One);
        Assert.Equal(Frames * Hop, score.Samples);
        Assert.Equal(score.NatsPerSample, score.Parts.Sum(part => part.Nats), 1e-9);
        int first = model is ClariNet ? 1 : 0;
        float[] z = model.Encode(mel, audio, One).Z[first..];
        double expected = -z.Sum(value => 0.5 * value * value + 0.5 * Math.Log(2 * Math.PI)) / audio.Length;
        Assert.Equal(expected, score.Parts.Single(part => part.Layer == "z").Nats, 1e-6);
        double[] frames = model.ScoreFrames(mel, audio, One);
        Assert.Equal(Frames, frames.Length);
        Assert.Equal(score.NatsPerSample, frames.Average(), 1e-6);
        // What comes later changes nothing but through the mel.
        float[] other = [.. audio.Take(20 * Hop), .. audio.Skip(20 * Hop).Select(x => -x)];
        double[] changed = model.ScoreFrames(mel, other, One);
        Assert.Equal(frames[..20], changed[..20]);
        Assert.NotEqual(frames[20], changed[20]);
    }

    // The student tells the density of what it speaks as it makes it: normal distributions of all flows together, given the noise before.
    [Fact]
    public void What_a_student_speaks_is_as_likely_as_it_said()
    {
        ClariNet model = ClariNetModels.Shaken(ClariNetModels.Small);
        float[] mel = Mel(Frames);
        Tensor noise = Samples.Normal(_random, 1, 1, Frames * Hop);
        noise.Span[0] = 0;
        var ops = new CpuOps();
        ClariNetSpeech speech = model.Student.Generate(ops, noise, model.Upsample(ops, Tensor.From(mel, 1, Bands, Frames)));
        double expected = 0;
        for (int i = 0; i < speech.Mean.Length; i++)
        {
            double scaled = (speech.Audio.Span[i + 1] - speech.Mean.Span[i]) / Math.Exp(speech.LogScale.Span[i]);
            expected -= 0.5 * scaled * scaled + speech.LogScale.Span[i] + 0.5 * Math.Log(2 * Math.PI);
        }
        Assert.Equal(expected / noise.Length, model.Score(mel, speech.Audio.Span, One).NatsPerSample, 1e-4);
        Assert.InRange(WaveGlowReference.Error(noise.Span, model.Encode(mel, speech.Audio.Span, One).Z).MaxAbs, 0, 1e-3);
    }

    [Fact]
    public void What_the_published_teacher_spoke_becomes_the_noise_that_it_spoke_with()
    {
        var vectors = new PublishedVectors("clarinet_tiny", output);
        ClariNetTeacher teacher = ClariNetParityTests.Teacher(vectors);
        float[] mel = vectors.Array("mel"), spoken = vectors.Array("teacher_generate_audio"), noise = vectors.Array("teacher_generate_noise");
        // The first of two mels, of six frames; of what follows the speech nothing is asked.
        mel = mel[..(mel.Length / 2)];
        LatentSpeech latent = teacher.Encode(mel, [.. spoken, .. new float[6 * 256 - spoken.Length]], One);
        // What was brought into ±1 has lost the rest of its noise.
        int[] whole = [.. Enumerable.Range(0, noise.Length).Where(i => Math.Abs(spoken[i]) < 1)];
        Assert.InRange(whole.Length, 100, noise.Length);
        vectors.Check("teacher_generate_noise", [.. whole.Select(i => noise[i])], [.. whole.Select(i => latent.Z[i])]);
    }

    [Fact]
    public void The_score_of_a_teacher_is_the_density_that_its_distribution_tells()
    {
        ClariNetTeacher model = ClariNetModels.Shaken(ClariNetModels.SmallTeacher);
        float[] audio = Speech(Frames * Hop), mel = Mel(Frames);
        var ops = new CpuOps();
        Tensor condition = model.Upsample(ops, Tensor.From(mel, 1, Bands, Frames));
        float[] before = [0, .. audio[..^1]];
        var (mean, logScale) = model.Distribution(ops, Tensor.From(before, 1, 1, before.Length), condition);
        double expected = Enumerable.Range(0, audio.Length).Average(t =>
            -0.5 * Math.Pow((audio[t] - mean.Span[t]) / Math.Exp(logScale.Span[t]), 2) - logScale.Span[t] - 0.5 * Math.Log(2 * Math.PI));
        Assert.Equal(expected, model.Score(mel, audio, One).NatsPerSample, 1e-5);
    }

    [Fact]
    public void Memory_does_not_grow_with_what_the_networks_make_of_a_recording()
    {
        ClariNetTeacher model = ClariNetModels.Shaken(ClariNetModels.SmallTeacher);
        long Allocated(int frames)
        {
            float[] audio = Speech(frames * Hop), mel = Mel(frames);
            long before = GC.GetAllocatedBytesForCurrentThread();
            model.Score(mel, audio, One);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Allocated(100);
        double perSample = (Allocated(2100) - Allocated(100)) / (2000.0 * Hop);
        // The samples, some copies of them and what a chunk leaves to the collector; the four layers alone make some 30 values of every sample.
        Assert.InRange(perSample, 4, 60);
    }

    [Fact]
    public void Nothing_to_score_or_decode_is_refused()
    {
        ClariNetTeacher model = ClariNetModels.Shaken(ClariNetModels.SmallTeacher);
        Assert.Equal("there is nothing to score: 31 samples and 1 mel frames, expected at least 32 and 1",
            Assert.Throws<VocoderException>(() => model.Score(new float[Bands], new float[31], One)).Message);
        LatentSpeech latent = model.Encode(Mel(1), Speech(Hop), One);
        Assert.Equal("z has 2 rows, expected 1, the samples that this voice moves as one step",
            Assert.Throws<VocoderException>(() => model.Decode(latent with { Group = 2 }, One)).Message);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => model.Decode(latent, One, cancelled.Token));
    }
}
