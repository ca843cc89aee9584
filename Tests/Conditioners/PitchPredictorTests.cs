using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Tests.Conditioners;

public class PitchPredictorTests
{
    private const int Bands = 20;

    private static double Cents(double hz, double expected) => 1200 * Math.Log2(hz / expected);

    private static Tensor Classes(float unvoiced, float voiced) => Tensor.From([unvoiced, voiced], 1, 2, 1);

    [Fact]
    public void The_target_of_a_frequency_decodes_to_it()
    {
        Tensor voiced = Classes(-3, -0.05f);
        for (double hz = 75; hz <= 400; hz *= 1.003)
        {
            var bins = new Tensor(1, PitchPredictor.Bins, 1);
            PitchPredictor.WriteTarget((float)hz, bins, 0, 0);
            Assert.Equal(1, bins.Span.ToArray().Sum(v => (double)v), 1e-5);
            Assert.All(bins.Span.ToArray(), v => Assert.InRange(v, 0f, 0.41f));
            for (int i = 0; i < bins.Size; i++) bins.Span[i] = MathF.Log(bins.Span[i] + 1e-30f);
            Assert.Equal(0, Cents(PitchPredictor.Decode(bins, voiced, 0, 0), hz), 5.0);
        }
    }

    [Fact]
    public void Frequencies_beyond_the_bins_are_held_at_the_ends()
    {
        foreach (var (hz, end, first) in new[] { (20f, 70.0, 0), (2000f, 420.0, PitchPredictor.Bins - 1) })
        {
            var bins = new Tensor(1, PitchPredictor.Bins, 1);
            PitchPredictor.WriteTarget(hz, bins, 0, 0);
            Assert.Equal(1, bins.Span.ToArray().Sum(v => (double)v), 1e-5);
            Assert.Equal(bins.Span.ToArray().Max(), bins.Span[first]);
            for (int i = 0; i < bins.Size; i++) bins.Span[i] = MathF.Log(bins.Span[i] + 1e-30f);
            // Half of the mean is cut off at the end: below one bin of 33 cents.
            Assert.Equal(0, Cents(PitchPredictor.Decode(bins, Classes(-3, -0.05f), 0, 0), end), 33.0);
        }
    }

    [Fact]
    public void Targets_go_to_their_frame_alone()
    {
        var bins = new Tensor(2, PitchPredictor.Bins, 3);
        PitchPredictor.WriteTarget(150, bins, 1, 2);
        for (int i = 0; i < PitchPredictor.Bins; i++)
        {
            Assert.Equal([0f, 0f, 0f], bins.Row(0, i).ToArray());
            Assert.Equal([0f, 0f], bins.Row(1, i)[..2].ToArray());
        }
    }

    [Fact]
    public void Voicing_decides()
    {
        var bins = new Tensor(1, PitchPredictor.Bins, 1);
        PitchPredictor.WriteTarget(200, bins, 0, 0);
        for (int i = 0; i < bins.Size; i++) bins.Span[i] = MathF.Log(bins.Span[i] + 1e-30f);
        Assert.Equal(0f, PitchPredictor.Decode(bins, Classes(-0.6f, -0.8f), 0, 0));
        Assert.InRange(PitchPredictor.Decode(bins, Classes(-0.8f, -0.6f), 0, 0), 199, 201);
    }

    [Fact]
    public void An_output_sees_one_frame_ahead_and_not_beyond()
    {
        const int frames = 24, changed = 11;
        var parameters = new ParameterSet(1);
        var predictor = new PitchPredictor(parameters, Bands, 8);
        Tensor mel = Samples.Normal(new Random(1), 1, Bands, frames);
        float[][] Outputs()
        {
            var (bins, voicing) = predictor.Apply(new CpuOps(), mel);
            Assert.Equal((PitchPredictor.Bins, 2, frames, frames), (bins.Channels, voicing.Channels, bins.Length, voicing.Length));
            return [.. Enumerable.Range(0, frames).Select(t => Column(bins, t).Concat(Column(voicing, t)).ToArray())];
        }
        float[][] before = Outputs();
        Assert.Equal(1, before[0][..PitchPredictor.Bins].Sum(v => Math.Exp(v)), 1e-5);
        Assert.Equal(1, before[0][PitchPredictor.Bins..].Sum(v => Math.Exp(v)), 1e-5);
        for (int b = 0; b < Bands; b++) mel.Row(0, b)[changed] += 1;
        float[][] after = Outputs();
        for (int t = 0; t < frames; t++)
        {
            // Column t + LookAhead holds the answer for frame t; three convolutions of three taps reach back six columns.
            int column = t + PitchPredictor.LookAhead;
            if (column >= frames) continue;
            bool depends = t >= changed - PitchPredictor.LookAhead && column <= changed + 6;
            Assert.True(depends != before[column].AsSpan().SequenceEqual(after[column]), $"frame {t} {(depends ? "ignores" : "sees")} frame {changed}");
        }
    }

    private static IEnumerable<float> Column(Tensor x, int t) => Enumerable.Range(0, x.Channels).Select(c => x.Row(0, c)[t]);

    /// <summary>Mels with a peak whose band tells the frequency, or flat ones where unvoiced; a new note every four frames.</summary>
    private sealed class Lesson
    {
        public const int Batch = 6, Frames = 16;
        public Tensor Mel { get; } = new(Batch, Bands, Frames + PitchPredictor.LookAhead);
        public Tensor Bins { get; } = new(Batch, PitchPredictor.Bins, Frames);
        public Tensor Voicing { get; } = new(Batch, 2, Frames);
        public float[] F0 { get; } = new float[Batch * Frames];

        public Lesson(Random random)
        {
            for (int b = 0; b < Batch; b++)
                for (int i = 0; i < Frames + PitchPredictor.LookAhead; i += 4)
                    Note(b, i, random.NextDouble() < 0.25 ? 0 : (float)(80 * Math.Pow(5, random.NextDouble())), random);
        }

        private void Note(int b, int start, float hz, Random random)
        {
            double peak = Bands * Math.Log(hz / 75) / Math.Log(400 / 75.0);
            for (int i = start; i < Math.Min(start + 4, Mel.Length); i++)
            {
                for (int band = 0; band < Bands; band++)
                    Mel.Row(b, band)[i] = (float)((hz > 0 ? 2 * Math.Exp(-0.2 * (band - peak) * (band - peak)) - 0.5 : -0.5) + 0.02 * random.NextNormal());
                if (i >= Frames) continue;
                F0[b * Frames + i] = hz;
                Voicing.Row(b, hz > 0 ? 1 : 0)[i] = 1;
                if (hz > 0) PitchPredictor.WriteTarget(hz, Bins, b, i);
            }
        }

        /// <summary>Cross-entropy in nats per frame.</summary>
        public Tensor Loss(Ops ops, PitchPredictor predictor)
        {
            var (bins, voicing) = predictor.Apply(ops, Mel);
            Tensor right = ops.Add(ops.Sum(ops.Multiply(ops.Crop(bins, PitchPredictor.LookAhead, Frames), Bins)),
                ops.Sum(ops.Multiply(ops.Crop(voicing, PitchPredictor.LookAhead, Frames), Voicing)));
            return ops.Scale(right, -1f / (Batch * Frames));
        }
    }

    [Fact]
    public void Learns_where_a_mel_shows_its_pitch()
    {
        var parameters = new ParameterSet(2);
        var predictor = new PitchPredictor(parameters, Bands, 24);
        var adam = new Adam(parameters, new AdamConfig());
        var random = new Random(3);
        var exam = new Lesson(new Random(4));
        // Ignorance: ln 96 for the three quarters that are voiced, and ln 2.
        Assert.Equal(0.75 * Math.Log(96) + Math.Log(2), exam.Loss(new CpuOps(), predictor).Item, 0.6);
        for (int step = 0; step < 150; step++)
        {
            var tape = new Tape();
            var ops = new CpuOps(tape: tape);
            adam.ClearGradients();
            tape.Backward(new Lesson(random).Loss(ops, predictor));
            adam.Step(0.01, 0);
        }
        // The entropy of a target alone is 1.42 nats per voiced frame.
        Assert.InRange(exam.Loss(new CpuOps(), predictor).Item, 0.9, 2.2);
        var (bins, voicing) = predictor.Apply(new CpuOps(), exam.Mel);
        int voiced = 0, right = 0, close = 0;
        for (int n = 0; n < exam.F0.Length; n++)
        {
            float hz = PitchPredictor.Decode(bins, voicing, n / Lesson.Frames, n % Lesson.Frames + PitchPredictor.LookAhead);
            if (hz > 0 == exam.F0[n] > 0) right++;
            if (exam.F0[n] > 0) voiced++;
            if (exam.F0[n] > 0 && hz > 0 && Math.Abs(Cents(hz, exam.F0[n])) < 100) close++;
        }
        Assert.True(right >= 0.9 * exam.F0.Length, $"voicing right in {right} of {exam.F0.Length} frames");
        Assert.True(close >= 0.7 * voiced, $"{close} of {voiced} voiced frames within 100 cents");
    }
}
