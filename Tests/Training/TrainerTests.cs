using FlowVocoder.Compute;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;

namespace FlowVocoder.Tests.Training;

public class TrainerTests
{
    private static readonly TrainingConfig s_config = new()
    {
        Steps = 12, Warmup = 0, LearningRate = 0.05, FinalLearningRate = 0.05, LogEvery = 1, ValidateEvery = 1000, SaveEvery = 1000, ClipNorm = 0,
    };

    private static (Trainer Trainer, List<TrainingReport> Reports, int Saves) Run(StubTask task, TrainingConfig config, Action<TrainingReport>? each = null)
    {
        var trainer = new Trainer(task, config, new Parallelism(1));
        var reports = new List<TrainingReport>();
        int saves = 0;
        trainer.Run(r =>
        {
            reports.Add(r);
            each?.Invoke(r);
        }, () => saves++, CancellationToken.None);
        return (trainer, reports, saves);
    }

    private static float[] State(Trainer trainer, string name) => trainer.Tensors.Single(t => t.Name == name).Values.ToArray();

    [Fact]
    public void Descends()
    {
        var task = new StubTask();
        Run(task, s_config with { Steps = 300 });
        Assert.All(task.Weights, w => Assert.Equal(1, w, 0.01));
    }

    [Theory]
    [InlineData((int)Fault.LossIsNaN)]
    [InlineData((int)Fault.LossIsInfinite)]
    [InlineData((int)Fault.GradientIsNotFinite)]
    public void A_step_that_is_not_finite_is_skipped_without_a_trace(int fault)
    {
        // Steps 4 and 7 fail; a run without them, at a constant rate, makes the same ten updates.
        var faulty = new StubTask { Fault = step => step is 4 or 7 ? (Fault)fault : Fault.None };
        var sound = new StubTask();
        var seen = new List<float[]>();
        var (trainer, reports, _) = Run(faulty, s_config, _ => seen.Add(faulty.Weights));
        var (reference, _, _) = Run(sound, s_config with { Steps = 10 });
        Assert.Equal((12, 2, 10), (trainer.Step, trainer.Skipped, trainer.Updates));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2], reports.Select(r => r.Skipped));
        Assert.Equal(seen[3], seen[4]);
        Assert.NotEqual(seen[4], seen[5]);
        Samples.SameBits(sound.Weights, faulty.Weights, "weights");
        foreach (var (name, values) in reference.Tensors) Samples.SameBits(values.Span, State(trainer, name), name);
    }

    [Fact]
    public void Only_usable_steps_are_averaged_in_a_report()
    {
        var task = new StubTask { Fault = step => step is 4 or 7 ? Fault.LossIsNaN : Fault.None };
        var (_, reports, _) = Run(task, s_config with { Steps = 9, LogEvery = 3 });
        // The stub reports its step as nats: 0 1 2, 3 5, 6 8.
        Assert.Equal([1.0, 4.0, 7.0], reports.Select(r => r.NatsPerSample));
        Assert.Equal([10.0, 40.0, 70.0], reports.Select(r => r.PitchLoss));
        Assert.Equal([100.0, 400.0, 700.0], reports.Select(r => r.MelLoss));
        Assert.All(reports, r => Assert.Equal((9, 0.05), (r.Steps, r.LearningRate)));
        Assert.All(reports, r => Assert.Equal(2 / r.SecondsPerStep, r.AudioSecondsPerSecond, 1e-6 * r.AudioSecondsPerSecond));
    }

    [Fact]
    public void A_report_of_nothing_but_skipped_steps_has_no_likelihood()
    {
        var (_, reports, _) = Run(new StubTask { Fault = step => step >= 4 ? Fault.LossIsNaN : Fault.None }, s_config with { Steps = 8, LogEvery = 4 });
        Assert.True(double.IsNaN(reports[1].NatsPerSample));
        Assert.Null(reports[1].Nats);
        Assert.Equal(4, reports[1].Skipped);
    }

    [Fact]
    public void A_run_that_skips_all_its_batches_ends_and_saves_no_more()
    {
        var trainer = new Trainer(new StubTask { Fault = step => step >= 20 ? Fault.LossIsNaN : Fault.None }, s_config with { Steps = 1000, SaveEvery = 10 },
            new Parallelism(1));
        var saved = new List<long>();
        Refusal.Expect(() => trainer.Run(_ => { }, () => saved.Add(trainer.Step), CancellationToken.None), "diverged", "% of the recent batches were skipped");
        Assert.True(trainer.HasDiverged);
        // 0.8 of the recent batches: 1 - 0.99^n = 0.8 at n = 160.2.
        Assert.Equal(20 + 161, trainer.Step);
    }

    [Fact]
    public void A_short_run_that_skipped_most_of_its_batches_saves_nothing()
    {
        var trainer = new Trainer(new StubTask { Fault = step => step >= 1 ? Fault.GradientIsNotFinite : Fault.None }, s_config with { Steps = 60 },
            new Parallelism(1));
        Refusal.Expect(() => trainer.Run(_ => { }, () => Assert.Fail("saved"), CancellationToken.None), "59 of 60 batches were skipped");
    }

    [Theory]
    [InlineData(-20)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void A_run_whose_held_out_clips_fall_ends_before_it_is_saved(double fallen)
    {
        var trainer = new Trainer(new StubTask { HeldOut = n => n > 3 ? fallen : 4 }, s_config with { Steps = 50, ValidateEvery = 10, SaveEvery = 10 },
            new Parallelism(1));
        trainer.Start();
        var saved = new List<long>();
        Refusal.Expect(() => trainer.Run(_ => { }, () => saved.Add(trainer.Step), CancellationToken.None), "diverged", "held-out clips", "was -4");
        Assert.Equal([10L, 20L], saved);
        Assert.Equal(30, trainer.Step);
    }

    [Fact]
    public void The_voice_is_the_best_on_the_held_out_clips()
    {
        double[] heldOut = [3, 4, 3.5, 6, 5];
        var trainer = new Trainer(new StubTask { HeldOut = n => heldOut[n - 1] }, s_config with { Steps = 50, ValidateEvery = 20, SaveEvery = 10 },
            new Parallelism(1));
        var voices = new List<long>();
        trainer.Run(_ => { }, () =>
        {
            if (trainer.IsVoice) voices.Add(trainer.Step);
        }, CancellationToken.None);
        Assert.Equal([10L, 20L, 40L], voices);
        Assert.Equal((40, -6.0), (trainer.Health.BestStep, trainer.Health.Best));
    }

    [Fact]
    public void A_loss_that_jumps_above_its_mean_is_skipped_and_one_below_the_guard_is_not()
    {
        var config = s_config with { Steps = 8, LearningRate = 1e-9, FinalLearningRate = 1e-9, LossGuard = 5 };
        Assert.Equal(1, Run(new StubTask { Offset = step => step == 5 ? 5.5f : 0 }, config).Trainer.Skipped);
        Assert.Equal(0, Run(new StubTask { Offset = step => step == 5 ? 4.5f : 0 }, config).Trainer.Skipped);
        Assert.Equal(0, Run(new StubTask { Offset = step => step == 5 ? -50f : 0 }, config).Trainer.Skipped);
        // With nothing to compare with, a first step is taken as it is.
        Assert.Equal(0, Run(new StubTask { Offset = step => step == 0 ? 1e6f : 0 }, config).Trainer.Skipped);
    }

    [Fact]
    public void A_guard_that_was_wrong_opens_again()
    {
        // A jump of 8 with a guard of 5 needs a mean 3 higher: at 0.01·5 a step, that is 60 skipped steps.
        var task = new StubTask { Offset = step => step >= 5 ? 8f : 0 };
        var (trainer, _, _) = Run(task, s_config with { Steps = 150, LearningRate = 1e-9, FinalLearningRate = 1e-9, LossGuard = 5 });
        Assert.InRange(trainer.Skipped, 59, 61);
        Assert.Equal(150 - trainer.Skipped, trainer.Updates);
    }

    [Fact]
    public void The_average_follows_the_weights_with_a_memory_that_grows()
    {
        var task = new StubTask();
        var seen = new List<float[]>();
        double[] expected = [.. task.Weights.Select(w => (double)w)];
        var (trainer, _, _) = Run(task, s_config with { Steps = 30, AverageDecay = 0.7 }, _ => seen.Add(task.Weights));
        for (int n = 1; n <= 30; n++)
        {
            double decay = Math.Min(0.7, (1.0 + n) / (10.0 + n));
            for (int i = 0; i < 3; i++) expected[i] = decay * expected[i] + (1 - decay) * seen[n - 1][i];
        }
        Samples.Close(expected, State(trainer, "average.w"), 1e-5, "average");
        Assert.Equal([5f, 6f], State(trainer, "average.constant"));
    }

    [Fact]
    public void Validation_sees_the_average_and_leaves_the_weights()
    {
        var task = new StubTask();
        float[][] averages = [[], []];
        float[] weights = [];
        var trainer = new Trainer(task, s_config with { Steps = 9, ValidateEvery = 4 }, new Parallelism(1));
        var validated = new List<long>();
        trainer.Run(r =>
        {
            if (r.ValidNats == null) return;
            validated.Add(r.Step);
            Assert.Equal((1.5, 2.5, 3.5), (r.ValidNats, r.ValidPitchLoss, r.ValidMelLoss));
            Samples.SameBits(State(trainer, "average.w"), task.Validated[^1], "validated weights");
            Assert.NotEqual(task.Weights, task.Validated[^1]);
        }, () => { }, CancellationToken.None);
        Assert.Equal([4, 8, 9], validated);
        // The same run without validation ends at the same weights.
        var undisturbed = new StubTask();
        Run(undisturbed, s_config with { Steps = 9 });
        Samples.SameBits(undisturbed.Weights, task.Weights, "weights");
    }

    [Fact]
    public void Swapping_twice_restores_every_bit()
    {
        var task = new StubTask();
        var (trainer, _, _) = Run(task, s_config);
        float[] weights = task.Weights, average = State(trainer, "average.w");
        int version = task.Parameters.Items[0].Value.Version;
        trainer.SwapAverage();
        Samples.SameBits(average, task.Weights, "weights");
        Samples.SameBits(weights, State(trainer, "average.w"), "average");
        Assert.True(task.Parameters.Items[0].Value.Version > version);
        trainer.SwapAverage();
        Samples.SameBits(weights, task.Weights, "weights");
        Samples.SameBits(average, State(trainer, "average.w"), "average");
    }

    [Fact]
    public void A_voice_gets_the_average_with_its_last_touches_and_training_goes_on_without_them()
    {
        var task = new StubTask();
        var (trainer, _, _) = Run(task, s_config);
        float[] weights = task.Weights, average = State(trainer, "average.w"), seen = [];
        trainer.WithVoice(() => seen = task.Weights);
        Samples.SameBits([average[0], 99, average[2]], seen, "the voice");
        Samples.SameBits(weights, task.Weights, "weights");
        Samples.SameBits(average, State(trainer, "average.w"), "average");
    }

    [Fact]
    public void Initialisation_comes_before_the_average_is_taken()
    {
        var task = new StubTask();
        var trainer = new Trainer(task, s_config, new Parallelism(1));
        trainer.Initialize();
        Assert.True(task.Initialized);
        Assert.Equal([7f, -3f, 2f], State(trainer, "average.w"));
    }

    [Fact]
    public void Saves_are_made_when_due_at_the_end_and_when_cancelled()
    {
        Assert.Equal(3, Run(new StubTask(), s_config with { Steps = 10, SaveEvery = 4 }).Saves);
        using var cancellation = new CancellationTokenSource();
        var trainer = new Trainer(new StubTask(), s_config, new Parallelism(1));
        var saved = new List<long>();
        trainer.Run(r =>
        {
            if (r.Step == 3) cancellation.Cancel();
        }, () => saved.Add(trainer.Step), cancellation.Token);
        Assert.Equal([3], saved);
    }

    [Fact]
    public void Time_left_is_that_of_the_steps_left() =>
        Assert.Equal(TimeSpan.FromSeconds(35), new TrainingReport(30, 100, 0, 0, 0, 0, 0, 0.5, 0, null, null).Left);
}
