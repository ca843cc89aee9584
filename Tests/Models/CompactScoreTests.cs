using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Streaming;

namespace FlowVocoder.Tests.Models;

/// <summary>Scoring goes in chunks. What it finds is what one pass over the whole finds, and it does not depend on how the recording comes in.</summary>
public class CompactScoreTests
{
    // Longer than two chunks, with a rest, and with samples that fill no hop.
    private const int Hop = 256, Bands = 80, Samples = (300 * Hop) + 77;

    public static TheoryData<CompactConfig> Configurations() => CompactModels.Configurations();

    [Theory, MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Chunks_sum_to_one_pass_over_the_whole(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        float[] audio = Speech(Samples), mel = new MelSpectrogram(model.Recipe).Compute(audio, new Parallelism(1));
        IReadOnlyList<(string Layer, double Nats)> expected = OnePass(model, mel, audio);
        Likelihood score = model.Score(mel, audio, new Parallelism(2));
        Assert.Equal(300 * Hop, score.Samples);
        Assert.Equal(expected.Select(p => p.Layer), score.Parts.Select(p => p.Layer));
        // One pass sums in single precision.
        for (int i = 0; i < expected.Count; i++) Assert.Equal(expected[i].Nats, score.Parts[i].Nats, 2e-6 * Math.Max(1, Math.Abs(expected[i].Nats)));
    }

    [Theory, MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void A_recording_in_pieces_of_any_length_has_the_same_bits(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        float[] audio = Speech(Samples), mel = new MelSpectrogram(model.Recipe).Compute(audio, new Parallelism(1));
        Likelihood whole = model.Score(mel, audio, new Parallelism(1));
        foreach (float[]? given in new[] { mel, null })
        {
            Likelihood pieces = model.Score(new Pieces(audio, seed: 3), given, new Parallelism(3));
            Assert.Equal(whole.Samples, pieces.Samples);
            Assert.Equal(whole.Parts, pieces.Parts);
        }
    }

    [Fact]
    public void An_estimate_has_the_same_bits_too_and_a_standard_error()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Continuous().First().Data);
        float[] audio = Speech(Samples), mel = new MelSpectrogram(model.Recipe).Compute(audio, new Parallelism(1));
        Likelihood whole = model.Score(mel, audio, new Parallelism(1)), pieces = model.Score(new Pieces(audio, seed: 3), null, new Parallelism(2));
        Assert.Equal(whole.Parts, pieces.Parts);
        Assert.Equal(whole.StandardError, pieces.StandardError);
        Assert.InRange(whole.StandardError!.Value, 1e-9, 0.05);
        Assert.Equal(whole.NatsPerSample, whole.Parts.Sum(part => part.Nats), 1e-9);
        // Frame by frame other signs are drawn, by which averages of this recording scatter by 0.0007.
        Assert.Equal(whole.NatsPerSample, model.ScoreFrames(mel, audio, new Parallelism(1)).Average(), 0.003);
    }

    [Fact]
    public void A_mel_that_is_shorter_or_longer_scores_what_both_cover()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        float[] audio = Speech(Samples), mel = new MelSpectrogram(model.Recipe).Compute(audio, new Parallelism(1));
        int frames = mel.Length / Bands;
        float[] half = [.. Enumerable.Range(0, Bands).SelectMany(b => mel[(b * frames)..(b * frames + 140)])];
        Assert.Equal(model.Score(half, audio, new Parallelism(1)).Parts, model.Score(new Pieces(audio, seed: 4), half, new Parallelism(1)).Parts);
        Likelihood part = model.Score(mel, audio.AsSpan(0, 140 * Hop), new Parallelism(1));
        Assert.Equal(140 * Hop, part.Samples);
        Assert.Equal(part.Parts, model.Score(new Pieces(audio[..(140 * Hop)], seed: 5), mel, new Parallelism(1)).Parts);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_recording()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small with { Group = 64, EarlyEvery = 0, EarlySize = 0, Layers = 1, Flows = 1 });
        long Allocated(int seconds)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            model.Score(new Pieces(Speech(22050), seed: 6, repeats: seconds), null, new Parallelism(1));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Allocated(4);
        // Some bytes a frame and what each chunk leaves to the collector, where holding the samples alone would take four bytes each.
        long more = Allocated(100) - Allocated(20);
        Assert.InRange(more, 0, 80 * 22050 * sizeof(float));
    }

    [Fact]
    public void A_recording_that_changes_between_its_readings_is_refused()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        var source = new Pieces(Speech(Samples), seed: 7) { LossEachTime = 1000 };
        Assert.Contains("changed while it was read", Assert.Throws<VocoderException>(() => model.Score(source, null, new Parallelism(1))).Message,
            StringComparison.Ordinal);
        Assert.Contains("nothing to score", Assert.Throws<VocoderException>(() => model.Score(new Pieces([], seed: 1), null, new Parallelism(1))).Message,
            StringComparison.Ordinal);
    }

    // Vowels with pauses and noise.
    internal static float[] Speech(int samples)
    {
        float[] x = PitchTones(samples);
        var random = new Random(2);
        for (int t = 0; t < samples; t++) x[t] = (t / 9000 % 3 == 2 ? 0 : x[t]) + 0.002f * (float)random.NextDouble();
        return x;
    }

    private static float[] PitchTones(int samples)
    {
        static double Tone(int t, int h) => 0.05 / h * Math.Sin(2 * Math.PI * h * 140 * t / 22050 + Math.Sin(3e-4 * t));
        return [.. Enumerable.Range(0, samples).Select(t => (float)Enumerable.Range(1, 8).Sum(h => Tone(t, h)))];
    }

    // All layers on the whole recording at once: what each says of itself, and the latents.
    private static List<(string, double)> OnePass(CompactVocoder model, float[] mel, float[] audio)
    {
        var ops = new CpuOps();
        int melFrames = mel.Length / Bands, frames = audio.Length / Hop, samples = frames * Hop;
        Tensor excitation = Tensor.From(audio.AsSpan(0, samples), 1, 1, samples);
        var parts = new List<(string, double)>();
        if (model.Filter is { } filter)
        {
            MelLinearPredictor predictor = model.NewPredictor()!;
            int blocks = melFrames * predictor.BlocksPerHop;
            float[] a = new float[blocks * predictor.Order], g = new float[blocks];
            predictor.Compute(mel, melFrames, a, g);
            filter.Analyze(excitation.Span, a, g, new float[filter.Order], excitation.Span);
            parts.Add(("linear prediction", filter.LogDeterminant(g, samples) / samples));
        }
        PhaseFeatures? phase = null;
        if (model.Phase is { } encoder)
        {
            float[] f0 = new PitchTracker(model.Recipe).Track(audio, melFrames).F0, phi = new PhaseTracker(model.Recipe).Phase(audio, f0);
            phase = encoder.Rent(ops, 1, samples / model.Config.Group);
            for (int i = 0; i < frames; i++) encoder.Write(phi.AsSpan(i * Hop, Hop), f0[i], phase.Value, 0, i * Hop / model.Config.Group);
        }
        var ahead = new Tensor(1, Bands, frames + model.LookAheadFrames);
        for (int b = 0; b < Bands; b++)
            for (int i = 0; i < ahead.Length; i++) ahead.Row(0, b)[i] = mel[b * melFrames + Math.Min(i, melFrames - 1)];
        model.NormalizeMel(ahead.Span, ahead.Span);
        FlowCondition condition = model.Condition(ops, ahead, model.LookAheadFrames, phase)!.Value;
        FlowResult result = model.Stack.Forward(ops, ops.Fold(excitation, model.Config.Group), condition);
        foreach (var (name, logDet) in result.LogDets) parts.Add((name, logDet.Item / (double)samples));
        parts.Add(("z", -0.5 * result.Latents.Sum(z => z.Span.ToArray().Sum(v => (double)v * v)) / samples - 0.5 * Math.Log(2 * Math.PI)));
        return parts;
    }

    internal sealed class Pieces(float[] samples, int seed, int repeats = 1) : ISampleSource
    {
        private int _lost;

        public int LossEachTime { get; init; }

        public void ReadThrough(Action<ReadOnlySpan<float>> next)
        {
            var random = new Random(seed + _lost);
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                ReadOnlySpan<float> left = samples.AsSpan(0, samples.Length - _lost);
                while (!left.IsEmpty)
                {
                    int count = Math.Min(left.Length, random.Next(3) == 0 ? random.Next(1, 40_000) : random.Next(1, 700));
                    next(left[..count]);
                    left = left[count..];
                }
            }
            _lost += LossEachTime;
        }
    }
}
