using FlowVocoder.Training;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Tests.Training;

public class RunHealthTests
{
    private static readonly TrainingConfig s_adversarial = new() { MelLossWeight = 8, Adversarial = new AdversarialConfig { Weight = 1 } };

    private static StepResult Mel(double mel, double? kl = null) => new(null, 0, 0, mel, kl);

    // Steps until it ends.
    private static int? End(RunHealth health, Func<int, double> mel)
    {
        for (int step = 0; step < 3000; step++)
            if (health.Batch(Mel(mel(step))) != null) return step;
        return null;
    }

    [Fact]
    public void A_mel_distance_that_moves_a_little_is_well()
    {
        var random = new Random(5);
        Assert.Null(End(new RunHealth(s_adversarial, true), step => 0.22 + 0.03 * Math.Sin(step / 200.0) + 0.1 * (random.NextDouble() - 0.5)));
    }

    [Fact]
    public void A_mel_distance_that_explodes_is_not()
    {
        double[] course = [0.38, 0.46, 9, 20];
        Assert.InRange(End(new RunHealth(s_adversarial, true), step => course[Math.Min(3, step / 100)])!.Value, 200, 250);
    }

    [Theory]
    [InlineData(1f, 0)]
    [InlineData(0f, 100)]
    public void A_divergence_that_is_not_what_is_learnt_is_not_judged(float adversarial, long until)
    {
        TrainingConfig config = s_adversarial with { Adversarial = new AdversarialConfig { Weight = adversarial },
            Distillation = new DistillationConfig { Until = until } };
        var health = new RunHealth(config, true);
        health.Begin(Mel(0.3, kl: 0.05), 100);
        Assert.Null(health.HeldOut(Mel(0.2, kl: 50)));
        Assert.True(health.IsBest(Mel(0.2, kl: 50)));
        Assert.NotNull(health.HeldOut(Mel(9, kl: 0.01)));
    }

    // In closed form it begins with thousands of nats and moves by as much.
    [Theory]
    [InlineData(0.1, 10, true), InlineData(0.1, 10.2, false)]
    [InlineData(1000, 3900, true), InlineData(1000, 4100, false)]
    public void A_divergence_may_move_by_what_it_is(double best, double found, bool isWell)
    {
        var health = new RunHealth(new TrainingConfig(), true);
        health.Begin(Mel(0, kl: best), 100);
        Assert.Equal(isWell, health.HeldOut(Mel(0, kl: found)) == null);
    }

    [Fact]
    public void With_discriminators_every_voice_that_is_well_is_kept_and_without_them_the_best()
    {
        foreach (bool adversarial in (bool[])[true, false])
        {
            var health = new RunHealth(adversarial ? s_adversarial : new TrainingConfig { MelLossWeight = 1 }, false);
            health.Begin(Mel(0.2), 100);
            Assert.Null(health.HeldOut(Mel(0.25)));
            Assert.Equal(adversarial, health.IsBest(Mel(0.25)));
        }
    }

    [Fact]
    public void Likelihood_is_judged_by_its_fall_from_the_best()
    {
        var health = new RunHealth(new TrainingConfig(), false);
        health.Begin(new StepResult(null, 4, 0, 0), 0);
        Assert.Null(health.HeldOut(new StepResult(null, -5.9, 0, 0)));
        Assert.NotNull(health.HeldOut(new StepResult(null, -6.1, 0, 0)));
        Assert.NotNull(health.HeldOut(new StepResult(null, double.NaN, 0, 0)));
    }
}
