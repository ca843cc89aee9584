using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training;

public sealed class MatchingTaskTests : IDisposable
{
    private static readonly TrainingConfig s_config = TinyCorpus.Config with
    {
        Model = TinyCorpus.Config.Model with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0, Group = 16, HarmonicBands = [2000, 6000] },
    };

    private readonly TempFolder _folder = new();

    public MatchingTaskTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private TrainingPaths Paths(string output) => new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder train --tiny");

    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    public void Fifty_steps_lower_the_error_and_the_voice_speaks_and_scores(float melLoss)
    {
        TrainingConfig config = s_config with
        {
            Steps = 50, Batch = 4, LearningRate = 0.02, FinalLearningRate = 0.004, AverageDecay = 0.9, ValidateEvery = 50, MelLossWeight = melLoss,
            MelLossFrom = 25,
        };
        CompactVocoder model = TinyCorpus.Model(config);
        var trainer = new Trainer(new MatchingTask(model, TinyCorpus.Data, config), config, new Parallelism(2));
        trainer.Initialize();
        TrainingReport before = trainer.Start();
        var reports = new List<TrainingReport>();
        trainer.Run(reports.Add, () => { }, CancellationToken.None);
        Assert.Equal((50, 0), (reports[^1].Step, reports[^1].Skipped));
        Assert.True(reports[^1].ValidMatching < 0.95 * before.ValidMatching, $"from {before.ValidMatching} to {reports[^1].ValidMatching}");
        Assert.True(reports[^1].ValidPitchLoss < before.ValidPitchLoss - 1, $"from {before.ValidPitchLoss} to {reports[^1].ValidPitchLoss}");
        // A likelihood is not measured while it learns, and speech is generated from its step on.
        Assert.All(reports, report => Assert.Null(report.Nats ?? report.HeldOutNats));
        Assert.Equal((0, melLoss > 0), (reports[10].MelLoss, reports[30].MelLoss > 0));
        SpeechClip clip = TinyCorpus.Data.Valid[0];
        float[] speech = Synthesizer.Synthesize(model, clip.Mel, new SynthesisOptions { Match = 0 }, new Parallelism(1));
        Assert.InRange(speech.Max(Math.Abs), 0.01f, 2f);
        Likelihood likelihood = model.Score(clip.Mel, clip.Audio, new Parallelism(1));
        Assert.True(double.IsFinite(likelihood.NatsPerSample) && likelihood.StandardError is > 0 and < 0.1);
    }

    [Fact]
    public void A_resumed_run_gives_the_same_weights()
    {
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        TrainingConfig config = s_config with { Steps = 6, SaveEvery = 3, ValidateEvery = 3, MelLossWeight = 1, MelLossFrom = 4 };
        TrainingRun.Train(whole, config, false, 1, null, null, CancellationToken.None);
        using (var cancellation = new CancellationTokenSource())
            TrainingRun.Train(parts, config, false, 2, null, r => { if (r.Step == 3) cancellation.Cancel(); }, cancellation.Token);
        TrainingRun.Train(parts, config, true, 1, null, null, CancellationToken.None);
        CheckpointFiles.AssertSame(whole.Checkpoint, parts.Checkpoint);
    }

    [Fact]
    public void Gradients_through_the_whole_chain_are_those_of_the_loss()
    {
        CompactVocoder model = TinyCorpus.Model(s_config);
        var task = new MatchingTask(model, TinyCorpus.Data, s_config);
        task.Initialize(new CpuOps());
        model.Parameters.Randomize(5, 0.15);
        var tape = new Tape();
        tape.Backward(task.Loss(new CpuOps(tape: tape), 7).Loss!);
        double Loss() => task.Loss(new CpuOps(), 7).Loss!.Item;
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Trained && !p.Name.StartsWith("pitch.", StringComparison.Ordinal)))
        {
            Assert.True(p.Value.Grad != null, $"no gradient reached {p.Name}");
            int i = Array.IndexOf(p.Value.Grad.Span.ToArray(), p.Value.Grad.Span.ToArray().MaxBy(Math.Abs));
            float original = p.Value.Span[i], step = 1f / 256;
            double At(float value)
            {
                p.Value.Span[i] = value;
                p.Value.MarkChanged();
                return Loss();
            }
            double slope = (At(original + step) - At(original - step)) / (2 * step);
            At(original);
            Assert.Equal(slope, p.Value.Grad.Span[i], 1e-3 + 0.02 * Math.Abs(slope));
        }
    }

    [Fact]
    public void What_the_flow_moves_keeps_its_scale()
    {
        CompactVocoder model = TinyCorpus.Model(s_config);
        var trainer = new Trainer(new MatchingTask(model, TinyCorpus.Data, s_config), s_config, new Parallelism(1));
        trainer.Initialize();
        float[] Scales() =>
            [.. model.Parameters.Items.Where(p => p.Name.StartsWith("actnorm.", StringComparison.Ordinal)).SelectMany(p => p.Value.Span.ToArray())];
        float[] before = Scales();
        trainer.Run(_ => { }, () => { }, CancellationToken.None);
        Assert.Equal(before, Scales());
        Assert.Contains(before, value => value != 0);
    }
}
