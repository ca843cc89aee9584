using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Adversarial;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Tests.Training.Adversarial;

public class AdversaryTests
{
    private static readonly AdversarialConfig s_small = new()
    {
        Weight = 0.7f, FeatureWeight = 1.5f, Alone = 0, Periods = [2, 3], Spectra = [64], Channels = 3,
    };
    private readonly Random _random = new(1);

    private Tensor Noise() => Samples.Normal(_random, 2, 1, 600, 0.3);

    [Fact]
    public void Gradients_reach_the_voice_through_scores_and_features_and_not_the_discriminators()
    {
        var adversary = new Adversary(s_small, 3);
        Tensor recorded = Noise(), generated = Noise().AsParameter();
        var tape = new Tape();
        tape.Backward(adversary.VoiceLoss(new CpuOps(tape: tape), generated, recorded, 0)!);
        // Along the gradient, where rounding hides least, in a small step: logarithms of spectra are much curved at their zeros.
        float[] direction = generated.Grad!.Span.ToArray();
        float norm = System.Numerics.Tensors.TensorPrimitives.Norm<float>(direction);
        double Shifted(float step)
        {
            Tensor x = Tensor.From(generated.Span, 2, 1, 600);
            System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(direction, step / norm, generated.Span, x.Span);
            return adversary.VoiceLoss(new CpuOps(), x, recorded, 0)!.Item;
        }
        Assert.InRange((Shifted(2e-4f) - Shifted(-2e-4f)) / 4e-4, 0.93 * norm, 1.07 * norm);
        Assert.InRange(norm, 0.01f, 10f);
        Assert.All(adversary.Parameters.Items, p => Assert.Null(p.Value.Grad));
    }

    [Fact]
    public void Speech_that_is_the_recording_differs_in_no_feature()
    {
        Tensor recorded = Noise();
        double Loss(float features, Tensor x) => new Adversary(s_small with { FeatureWeight = features }, 3).VoiceLoss(new CpuOps(), x, recorded, 0)!.Item;
        // What is left is the smoothing of |·| at 0, 1e-3 for each of 14 feature maps.
        Assert.Equal(0.7 * 14e-3, Loss(1, recorded) - Loss(0, recorded), 1e-4);
        Tensor other = Noise();
        Assert.True(Loss(1, other) - Loss(0, other) > 0.1);
    }

    [Fact]
    public void Discriminators_learn_to_tell_tones_from_noise_and_the_voice_s_loss_rises()
    {
        var adversary = new Adversary(s_small, 3);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        var adam = new Adam(adversary.Parameters, new AdamConfig());
        double first = 0, last = 0, voiceBefore = 0, voiceAfter = 0;
        for (int step = 0; step < 60; step++)
        {
            Tensor recorded = Tensor.From([.. Enumerable.Range(0, 1200).Select(t => (float)(0.4 * Math.Sin(0.3 * t + step)))], 2, 1, 600), generated = Noise();
            double voice = adversary.VoiceLoss(ops, generated, recorded, step)!.Item;
            ops.Reset();
            adam.ClearGradients();
            Tensor loss = adversary.Loss(ops)!;
            last = loss.Item;
            tape.Backward(loss);
            adam.Step(3e-3, adam.GradientNorm());
            ops.Reset();
            Assert.Null(adversary.Loss(ops));
            if (step == 0) (first, voiceBefore) = (last, voice);
            voiceAfter = voice;
        }
        Assert.True(last < 0.3 * first, $"{first}, {last}");
        Assert.True(voiceAfter > voiceBefore, $"{voiceBefore}, {voiceAfter}");
    }

    [Fact]
    public void They_learn_alone_before_they_teach()
    {
        var adversary = new Adversary(s_small with { From = 10, Alone = 5 }, 3);
        Assert.Equal((false, true), (adversary.IsOn(9), adversary.IsOn(10)));
        var ops = new CpuOps();
        Assert.Null(adversary.VoiceLoss(ops, Noise(), Noise(), 14));
        Assert.NotNull(adversary.Loss(ops));
        Assert.NotNull(adversary.VoiceLoss(ops, Noise(), Noise(), 15));
    }

    [Fact]
    public void A_step_of_training_moves_both_and_only_the_voice_is_averaged()
    {
        TrainingConfig config = TinyCorpus.Config with
        {
            CropFrames = 12, MatchPasses = 1, Steps = 2, Adversarial = s_small with { Spectra = [128] },
        };
        var task = TinyCorpus.Task(config);
        var trainer = new Trainer(task, config, new Parallelism(2));
        trainer.Initialize();
        float[][] Values(ParameterSet set) => [.. set.Items.Select(p => p.Value.Span.ToArray())];
        float[][] voice = Values(task.Parameters), critics = Values(task.Adversary!.Parameters);
        trainer.Run(_ => { }, () => { }, CancellationToken.None);
        Assert.Equal((2, 2), (trainer.Updates, trainer.AdversaryUpdates));
        Assert.Contains(Values(task.Adversary.Parameters).Zip(critics), p => !p.First.SequenceEqual(p.Second));
        Assert.Contains(Values(task.Parameters).Zip(voice), p => !p.First.SequenceEqual(p.Second));
        Assert.DoesNotContain(trainer.Tensors, t => t.Name.StartsWith("average.period", StringComparison.Ordinal));
    }
}
