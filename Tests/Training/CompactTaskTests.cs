using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training;

public class CompactTaskTests
{
    private static TrainingConfig Tiny => TinyCorpus.Config;

    /// <summary>A task initialised from data, with every layer moved off the identity it starts at.</summary>
    private static (CompactVocoder Model, CompactTask Task) Moved(TrainingConfig config, double scale = 0.05)
    {
        CompactVocoder model = TinyCorpus.Model(config);
        var task = new CompactTask(model, TinyCorpus.Data, config);
        task.Initialize(new CpuOps());
        model.Parameters.Randomize(5, scale);
        return (model, task);
    }

    [Theory]
    [InlineData(8, 0f)]
    [InlineData(8, 0.5f)]
    [InlineData(0, 0f)]
    public void Gradients_through_the_whole_chain_are_those_of_the_loss(int linearPrediction, float melLoss)
    {
        var (model, task) = Moved(Tiny with { Model = Tiny.Model with { Group = 16, LinearPrediction = linearPrediction }, MelLossWeight = melLoss }, 0.15);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(task.Loss(ops, 7).Loss!);
        var plain = new CpuOps();
        double Loss(Tensor parameter, int i, float value)
        {
            parameter.Span[i] = value;
            parameter.MarkChanged();
            double loss = task.Loss(plain, 7).Loss!.Item;
            plain.Reset();
            return loss;
        }
        double middle = task.Loss(plain, 7).Loss!.Item;
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Trained))
        {
            Assert.True(p.Value.Grad != null, $"no gradient reached {p.Name}");
            float[] gradient = p.Value.Grad.Span.ToArray();
            // Where it is steepest, rounding of the loss in float32 hides least.
            int i = Array.IndexOf(gradient, gradient.MaxBy(Math.Abs));
            float original = p.Value.Span[i], step = 1f / 256;
            double below = (middle - Loss(p.Value, i, original - step)) / step, above = (Loss(p.Value, i, original + step) - middle) / step;
            Loss(p.Value, i, original);
            // Between the slopes of both sides: leaky ReLUs have kinks, and with some hundred of them one is always near.
            double tolerance = 3e-4 + 0.005 * Math.Abs(gradient[i]);
            Assert.True(gradient[i] >= Math.Min(below, above) - tolerance && gradient[i] <= Math.Max(below, above) + tolerance,
                $"{p.Name}[{i}]: gradient {gradient[i]:R}, expected {below} to {above}");
            Assert.True(Math.Abs(gradient[i]) > 6e-4, $"{p.Name}: nothing to compare in {gradient[i]:R}");
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(0)]
    public void The_likelihood_of_a_whole_clip_is_that_of_the_model(int linearPrediction)
    {
        TrainingConfig config = Tiny with { CropFrames = TinyCorpus.ValidFrames, Batch = 1, Model = Tiny.Model with { LinearPrediction = linearPrediction } };
        var (model, task) = Moved(config);
        SpeechClip clip = TinyCorpus.Data.Valid[0];
        Likelihood expected = model.Score(clip.Mel, clip.Audio, new Parallelism(1));
        Assert.Equal(clip.Audio.Length, expected.Samples);
        // Training adds noise of one step of 16 bits.
        Assert.Equal(expected.NatsPerSample, task.Validate(new CpuOps()).NatsPerSample, 0.05);
    }

    [Fact]
    public void Voiced_speech_is_repelled_as_any_other_above_its_highest_harmonic()
    {
        double Loss(float voiced, float highest)
        {
            var (_, task) = Moved(Tiny with { MelLossWeight = 1, MelLossVoicedRepulsion = voiced, MaxVoicedFrequency = highest });
            return task.Loss(new CpuOps(), 7).Loss!.Item;
        }
        double none = Loss(0, 0), some = Loss(0, 3000), all = Loss(0, 12000);
        Assert.Equal(Loss(1, 12000), none);
        // The less they are pushed apart, the less is taken off.
        Assert.True(none < some - 1e-3 && some < all - 1e-3, $"{none}, {some}, {all}");
    }

    [Fact]
    public void The_pitch_loss_compares_a_frame_with_the_answer_that_its_look_ahead_gives()
    {
        const int frames = TinyCorpus.ValidFrames;
        var (model, task) = Moved(Tiny with { CropFrames = frames, Batch = 1 }, 0.15);
        SpeechClip clip = TinyCorpus.Data.Valid[0];
        var mel = new Tensor(1, 80, frames + 2);
        for (int band = 0; band < 80; band++)
            for (int i = 0; i < frames + 2; i++)
                mel.Row(0, band)[i] = (clip.Mel[band * frames + Math.Min(i, frames - 1)] + model.Config.MelOffset) * model.Config.MelFactor;
        var (bins, voicing) = model.Pitch!.Apply(new CpuOps(), mel);
        var targets = new Tensor(1, PitchPredictor.Bins, frames);
        double expected = 0;
        for (int i = 0; i < frames; i++)
        {
            bool voiced = clip.F0[i] > 0;
            expected -= voicing.Row(0, voiced ? 1 : 0)[i + 1];
            if (!voiced) continue;
            PitchPredictor.WriteTarget(clip.F0[i], targets, 0, i);
            for (int bin = 0; bin < PitchPredictor.Bins; bin++) expected -= (double)targets.Row(0, bin)[i] * bins.Row(0, bin)[i + 1];
        }
        Assert.Contains(clip.F0, f0 => f0 == 0);
        Assert.Equal(expected / frames, task.Validate(new CpuOps()).PitchLoss, 1e-4);
    }

    [Fact]
    public void Without_linear_prediction_the_audio_follows_the_gain_of_its_mel()
    {
        TrainingConfig config = Tiny with
        {
            Batch = 4, QuietestGain = 0, LoudestGain = 0,
            Model = Tiny.Model with { LinearPrediction = 0, Harmonics = [] },
        };
        // The gain reaches an untouched model through nothing but the audio: its couplings start as the identity.
        double Nats(float decibel)
        {
            TrainingConfig quiet = config with { QuietestGain = decibel, LoudestGain = decibel };
            return TinyCorpus.Task(quiet).Loss(new CpuOps(), 3).NatsPerSample;
        }
        // N(g·x) has log density -g²x²/2 + ln g beside the constant.
        double power = 0;
        var crops = new CropSampler(TinyCorpus.Data.Train, config.CropFrames, 256, config.Seed, 0, 0);
        for (int i = 0; i < 4; i++)
        {
            Crop crop = crops.Draw(3, i);
            power += crop.Clip.Audio.AsSpan(crop.FirstFrame * 256, config.CropFrames * 256).ToArray().Average(v => (double)v * v) / 4;
        }
        double gain = Math.Pow(10, 12 / 20.0);
        Assert.Equal(-0.5 * gain * gain * power + Math.Log(gain) + 0.5 * power, Nats(12) - Nats(0), 2e-4);
        Assert.Equal(-0.5 * power - 0.5 * Math.Log(2 * Math.PI), Nats(0), 2e-4);
    }

    [Fact]
    public void The_last_touch_takes_the_tones_out_of_generated_speech()
    {
        var (model, task) = Moved(Tiny);
        double Tones()
        {
            var ops = new CpuOps();
            int group = model.Config.Group, steps = 64 * model.Recipe.HopSize / group;
            PhaseFeatures unvoiced = model.Phase!.Rent(ops, 1, steps);
            model.Phase.Write(new float[steps * group], 0, unvoiced, 0, 0);
            FlowCondition condition = model.Condition(ops, new Tensor(1, model.Recipe.Bands, 64 + model.LookAheadFrames), model.LookAheadFrames,
                unvoiced)!.Value;
            Tensor[] latents = [.. model.Stack.LatentChannels.Select((channels, i) => Samples.Normal(new Random(i), 1, channels, steps))];
            Tensor generated = ops.Unfold(model.Stack.Inverse(ops, latents, condition), group);
            return FlowVocoder.Training.Losses.ToneLoss.Apply(ops, generated, generated, group).Item / ops.SumSquares(generated).Item * generated.Size;
        }
        model.Stack.Outermost!.Lower([.. Enumerable.Range(0, model.Config.Group).Select(c => 10 * Math.Sin(c))]);
        double before = Tones();
        task.Finish(new CpuOps());
        // White noise would have 1/256; the condition here is not that of the batches whose mean was taken.
        Assert.InRange(before, 0.1, 1);
        Assert.InRange(Tones(), 0, 0.02);
    }

    [Fact]
    public void A_step_is_a_function_of_parameters_and_number_alone()
    {
        var (_, task) = Moved(Tiny with { MelLossWeight = 1 });
        float Loss(long step) => task.Loss(new CpuOps(), step).Loss!.Item;
        float five = Loss(5), six = Loss(6);
        Assert.NotEqual(five, six);
        Assert.Equal(six, Loss(6));
        Assert.Equal(five, Loss(5));
    }

    [Fact]
    public void The_mel_loss_joins_at_its_step_with_its_weight()
    {
        TrainingConfig config = Tiny with { MelLossWeight = 0.5f, MelLossFrom = 3 };
        var (_, without) = Moved(Tiny);
        var (_, with) = Moved(config);
        StepResult before = with.Loss(new CpuOps(), 2), after = with.Loss(new CpuOps(), 3), plain = without.Loss(new CpuOps(), 3);
        Assert.Equal((0, 0), (before.MelLoss, plain.MelLoss));
        Assert.Equal(without.Loss(new CpuOps(), 2).Loss!.Item, before.Loss!.Item);
        // Noise through an untrained flow: more than the smoothing's 0.01, less than silence would give.
        Assert.InRange(after.MelLoss, 0.1, 5);
        var (_, twice) = Moved(config with { MelLossWeight = 1 });
        double added = after.Loss!.Item - plain.Loss!.Item;
        // The mean of energy distances over three resolutions; each is at most the plain distance, and MelLoss is the first.
        Assert.InRange(added, 0.01, 5);
        Assert.Equal(2 * added, twice.Loss(new CpuOps(), 3).Loss!.Item - plain.Loss!.Item, 1e-4);
        Assert.Equal((plain.NatsPerSample, plain.PitchLoss), (after.NatsPerSample, after.PitchLoss));
    }

    [Fact]
    public void Further_crops_teach_the_pitch_predictor_alone()
    {
        var (_, plainTask) = Moved(Tiny with { Batch = 2 });
        var (model, task) = Moved(Tiny with { Batch = 2, PitchCrops = 3 });
        StepResult plain = plainTask.Loss(new CpuOps(), 4), more = task.Loss(new CpuOps(), 4);
        // The three crops are those that a batch of five would have had beside the first two: the mean over all five is known.
        var (_, five) = Moved(Tiny with { Batch = 5 });
        double expected = (5 * five.Loss(new CpuOps(), 4).PitchLoss - 2 * plain.PitchLoss) / 3;
        Assert.Equal(expected, more.Loss!.Item - plain.Loss!.Item, 1e-4);
        Assert.Equal((plain.NatsPerSample, plain.PitchLoss), (more.NatsPerSample, more.PitchLoss));

        float[] Gradient(CompactTask of, CompactVocoder at, string prefix)
        {
            foreach (Parameter p in at.Parameters.Items) p.Value.Grad = null;
            var tape = new Tape();
            tape.Backward(of.Loss(new CpuOps(tape: tape), 4).Loss!);
            return [.. at.Parameters.Items.Where(p => p.Trained && p.Name.StartsWith(prefix, StringComparison.Ordinal))
                .SelectMany(p => p.Value.Grad!.Span.ToArray())];
        }
        var (without, withoutTask) = Moved(Tiny with { Batch = 2 });
        foreach (string prefix in new[] { "WN", "mel_encoder", "phase_encoder" })
            Assert.Equal(Gradient(withoutTask, without, prefix), Gradient(task, model, prefix));
        Assert.NotEqual(Gradient(withoutTask, without, "pitch"), Gradient(task, model, "pitch"));
    }

    [Fact]
    public void The_loss_is_negative_likelihood_plus_pitch_without_the_constants()
    {
        TrainingConfig config = Tiny with { Model = Tiny.Model with { LinearPrediction = 0 }, QuietestGain = 0, LoudestGain = 0 };
        var (_, task) = Moved(config);
        StepResult result = task.Loss(new CpuOps(), 1);
        Assert.Equal(-result.NatsPerSample - 0.5 * Math.Log(2 * Math.PI) + result.PitchLoss, result.Loss!.Item, 1e-5);
        // An untrained predictor knows nothing: ln 2 for voicing, ln 96 where voiced.
        Assert.InRange(result.PitchLoss, Math.Log(2) - 0.2, Math.Log(2) + Math.Log(96) + 0.5);
    }

    [Fact]
    public void Seconds_of_a_step_count_its_crops() => Assert.Equal(3 * 8 * 256 / 22050.0, TinyCorpus.Task(Tiny).SecondsPerStep, 1e-12);

    // Whitening speech without linear prediction is worth nats, 1.7 and more whatever the crop that the layers began with; with it, little is left that sixty
    // steps can find.
    [Theory]
    [InlineData(0, 1.5)]
    [InlineData(8, 0.06)]
    public void Sixty_steps_raise_the_likelihood_of_a_clip_that_was_held_out(int linearPrediction, double margin)
    {
        TrainingConfig config = Tiny with
        {
            Steps = 60, Batch = 4, LearningRate = 0.02, FinalLearningRate = 0.004, AverageDecay = 0.9, ValidateEvery = 60, LogEvery = 60,
            Model = Tiny.Model with { Group = 16, LinearPrediction = linearPrediction },
        };
        CompactTask task = TinyCorpus.Task(config);
        var trainer = new Trainer(task, config, new Parallelism(2));
        trainer.Initialize();
        StepResult before = task.Validate(new CpuOps());
        TrainingReport? report = null;
        trainer.Run(r => report = r, () => { }, CancellationToken.None);
        Assert.Equal((60, 0), (report!.Step, report.Skipped));
        Assert.True(report.ValidNats > before.NatsPerSample + margin, $"from {before.NatsPerSample} to {report.ValidNats} nats per sample");
        Assert.True(report.ValidPitchLoss < before.PitchLoss - 1, $"from {before.PitchLoss} to {report.ValidPitchLoss} nats per frame");
    }
}
