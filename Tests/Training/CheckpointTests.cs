using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Tests.Training;

public sealed class CheckpointTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static SavedRun Run(TrainingConfig config) => new(config, 0, "A", "B", "C", "D");

    /// <summary>A model in training.</summary>
    private sealed class Session
    {
        private readonly TrainingConfig _config;

        public Session(TrainingConfig config, int threads, ulong seed = 1)
        {
            _config = config;
            Model = TinyCorpus.Model(config, seed);
            Trainer = new Trainer(new CompactTask(Model, TinyCorpus.Data, config), config, new Parallelism(threads));
        }

        public CompactVocoder Model { get; }
        public Trainer Trainer { get; }

        public Session New()
        {
            Trainer.Initialize();
            return this;
        }

        /// <summary>Stops after a step as an interrupted run does; the schedule is that of the whole run.</summary>
        public Session RunTo(long step, string? checkpoint = null)
        {
            using var cancellation = new CancellationTokenSource();
            Trainer.Run(r =>
            {
                if (r.Step == step) cancellation.Cancel();
            }, () =>
            {
                if (checkpoint != null) Checkpoint.Save(checkpoint, Trainer, Model.Parameters, Run(_config));
            }, cancellation.Token);
            Assert.Equal(step, Trainer.Step);
            return this;
        }

        public Session Load(string checkpoint)
        {
            Checkpoint.Load(checkpoint, Trainer, Model.Parameters);
            return this;
        }

        public IEnumerable<(string Name, float[] Values)> All =>
            Model.Parameters.Items.Select(p => (p.Name, p.Value.Span.ToArray())).Concat(Trainer.Tensors.Select(t => (t.Name, t.Values.ToArray())));
    }

    private static void Same(Session expected, Session actual)
    {
        var e = expected.Trainer;
        var a = actual.Trainer;
        Assert.Equal(e.AdversaryUpdates, a.AdversaryUpdates);
        Assert.Equal((e.Step, e.Updates, e.Skipped, BitConverter.DoubleToInt64Bits(e.MeanLoss)),
            (a.Step, a.Updates, a.Skipped, BitConverter.DoubleToInt64Bits(a.MeanLoss)));
        foreach (var (one, two) in expected.All.Zip(actual.All, (x, y) => (x, y)))
        {
            Assert.Equal(one.Name, two.Name);
            Samples.SameBits(one.Values, two.Values, one.Name);
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    public void A_resumed_run_is_the_uninterrupted_one_bit_for_bit_at_any_number_of_threads(float melLoss)
    {
        // The mel loss joins after the interruption.
        AssertResumed(TinyCorpus.Config with { MelLossWeight = melLoss, MelLossFrom = 5, WeightDecay = 0.01f });
    }

    [Fact]
    public void So_is_one_with_discriminators() => AssertResumed(TinyCorpus.Config with
    {
        CropFrames = 12, MelLossWeight = 1, MatchPasses = 1, PredictedPhase = true, BlurredCrops = 0.5f,
        Adversarial = new AdversarialConfig { Weight = 1, Alone = 2, Periods = [3], Spectra = [128], Channels = 2 },
    });

    private void AssertResumed(TrainingConfig config)
    {
        Session whole = new Session(config, 1).New().RunTo(10);
        string file = _folder["c.safetensors"];
        new Session(config, 2).New().RunTo(4, file);
        // Weights of another seed, so that nothing can be right that was not loaded.
        Session resumed = new Session(config, 1, seed: 99).Load(file).RunTo(7, file);
        Assert.Equal(7, resumed.Trainer.Step);
        Same(whole, new Session(config, 2, seed: 98).Load(file).RunTo(10));
        Assert.Contains(whole.All, t => t.Name.StartsWith("adam.second.", StringComparison.Ordinal) && t.Values.Any(v => v != 0));
    }

    [Fact]
    public void Counters_and_configuration_are_kept()
    {
        TrainingConfig config = TinyCorpus.Config with { Seed = 77, LossGuard = 3.25 };
        var session = new Session(config, 1);
        session.Trainer.Restore(123_456_789_012, 45, 123_456_788_967, 0, -1.2345678901234567);
        string file = _folder["c.safetensors"];
        Checkpoint.Save(file, session.Trainer, session.Model.Parameters, Run(config));
        Session loaded = new Session(config, 1, seed: 5).Load(file);
        Assert.Equal((123_456_789_012, 45, 123_456_788_967, -1.2345678901234567),
            (loaded.Trainer.Step, loaded.Trainer.Skipped, loaded.Trainer.Updates, loaded.Trainer.MeanLoss));
        Assert.Equal((config.ToJson(), "A", "B", "C", "D"), Checkpoint.ReadRun(file) is var run
            ? (run.Config.ToJson(), run.Name, run.Licence, run.Command, run.Teacher) : default);
        Assert.Equal(["c.safetensors"], _folder.Entries());
    }

    [Fact]
    public void A_mean_loss_that_is_not_a_number_yet_is_kept_too()
    {
        var session = new Session(TinyCorpus.Config, 1);
        string file = _folder["c.safetensors"];
        Checkpoint.Save(file, session.Trainer, session.Model.Parameters, Run(TinyCorpus.Config));
        Assert.True(double.IsNaN(new Session(TinyCorpus.Config, 1).Load(file).Trainer.MeanLoss));
    }

    [Fact]
    public void Files_that_do_not_fit_are_named()
    {
        var session = new Session(TinyCorpus.Config, 1);
        string file = _folder["c.safetensors"];
        Refusal.Expect(() => session.Load(file), file);
        Checkpoint.Save(file, session.Trainer, session.Model.Parameters, Run(TinyCorpus.Config));
        TrainingConfig wider = TinyCorpus.Config with { Model = TinyCorpus.Config.Model with { PitchChannels = 9 } };
        Refusal.Expect(() => new Session(wider, 1).Load(file), file, "pitch.0.");
        byte[] bytes = File.ReadAllBytes(file);
        string cut = _folder.Add("cut.safetensors", bytes[..(bytes.Length - 8)]);
        Refusal.Expect(() => session.Load(cut), cut);
        string text = _folder.Add("text.safetensors", "{\"steps\": 3} not a checkpoint"u8.ToArray());
        Refusal.Expect(() => Checkpoint.ReadRun(text), text);
    }
}
