using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Training;
using FlowVocoder.Training;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Tests.Torch;

/// <summary>Training follows the managed engine step by step, and its files are the same.</summary>
public class TrainingTests
{
    private const double Tolerance = 1e-3;

    private static readonly TrainingConfig s_compact = TinyCorpus.Config with { Steps = 50, Batch = 2 };

    private static readonly TrainingConfig s_student = s_compact with
    {
        Model = s_compact.Model with { Flow = FlowKind.Iaf, EarlyEvery = 0, EarlySize = 0, HarmonicBands = [500, 2000, 6000] },
        Distillation = new DistillationConfig { Contrastive = 0.3f },
    };

    // Everything that speech can be asked for. Its gradients divide by magnitudes near 0: weights that differ by 1e-7 lead the managed engine itself elsewhere
    // in 5 steps.
    private static readonly TrainingConfig s_generated = s_compact with
    {
        Steps = 4, CropFrames = 12, MelLossWeight = 0.2f, StftLossWeight = 0.1f, PowerLossWeight = 0.1f, ToneLossWeight = 0.1f, MatchPasses = 1,
        PredictedPhase = true,
        Adversarial = new AdversarialConfig { Weight = 0.1f, Alone = 2, Periods = [2], Spectra = [128], Channels = 4 },
    };

    private static readonly TrainingConfig s_waveFlow = s_compact with
    {
        Steps = 10, WaveFlow = new WaveFlowConfig { Flows = 2, Channels = 6, Height = 8, Layers = 2, UpsampleScales = [16, 16] },
    };

    public static TheoryData<string> Kinds => ["compact", "student", "generated", "waveflow"];

    private static Trainer New(string kind, Engine engine, out ParameterSet parameters)
    {
        if (kind == "waveflow")
        {
            var flow = new WaveFlow(s_waveFlow.WaveFlow!, 2, TinyCorpus.Recipe);
            parameters = flow.Parameters;
            return new Trainer(new LikelihoodTask(flow, TinyCorpus.Data, s_waveFlow), s_waveFlow, new Parallelism(1), engine);
        }
        TrainingConfig config = kind switch { "compact" => s_compact, "student" => s_student, "long" => s_generated with { Steps = 10 }, _ => s_generated };
        CompactVocoder model = TinyCorpus.Model(config, seed: 2);
        parameters = model.Parameters;
        ITrainingTask task = kind == "student" ? new DistillationTask(model, Teacher(), TinyCorpus.Data, config)
            : new CompactTask(model, TinyCorpus.Data, config);
        return new Trainer(task, config, new Parallelism(1), engine);
    }

    private static CompactVocoder Teacher()
    {
        CompactVocoder teacher = TinyCorpus.Model(s_compact with { Model = s_compact.Model with { Flow = FlowKind.Maf, EarlyEvery = 0, EarlySize = 0 } });
        teacher.Parameters.Randomize(7, 0.1);
        return teacher;
    }

    // From its step on, to another or to the end.
    private static List<TrainingReport> Run(Trainer trainer, long to = long.MaxValue)
    {
        var reports = new List<TrainingReport>();
        using var stop = new CancellationTokenSource();
        trainer.Run(report =>
        {
            reports.Add(report);
            if (report.Step == to) stop.Cancel();
        }, () => { }, stop.Token);
        return reports;
    }

    private static void AssertFollows(List<TrainingReport> actual, List<TrainingReport> expected)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (found, wanted) in actual.Zip(expected))
        {
            foreach (var (name, of) in new (string, Func<TrainingReport, double?>)[]
                { ("nats", r => r.NatsPerSample), ("pitch", r => r.PitchLoss), ("mel", r => r.MelLoss), ("kl", r => r.Kl), ("held out", r => r.HeldOutNats) })
                Assert.True(Math.Abs((of(found) ?? 0) - (of(wanted) ?? 0)) <= Tolerance, $"step {found.Step}: {name} is {of(found)}, expected {of(wanted)}");
            Assert.Equal((wanted.Step, wanted.Skipped), (found.Step, found.Skipped));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Losses_follow_those_of_the_managed_engine(string kind)
    {
        Trainer managed = New(kind, Engine.Managed, out _), torch = New(kind, Libtorch.Engine, out _);
        managed.Initialize();
        torch.Initialize();
        List<TrainingReport> expected = Run(managed);
        Assert.True(Math.Abs(expected[^1].NatsPerSample - expected[0].NatsPerSample) > 0.05 || expected[^1].Kl < expected[0].Kl - 0.05
            || kind is "generated" or "waveflow", "a run that learns nothing");
        AssertFollows(Run(torch), expected);
        Assert.Equal(managed.Updates, torch.Updates);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_begun_on_one_engine_goes_on_on_the_other(bool beginsOnTorch)
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Root, "run.safetensors");
        var run = new SavedRun(s_compact, 0, "A", "B", "C", "");
        Engine first = beginsOnTorch ? Libtorch.Engine : Engine.Managed, second = beginsOnTorch ? Engine.Managed : Libtorch.Engine;
        Trainer whole = New("compact", Engine.Managed, out _), begun = New("compact", first, out ParameterSet values),
            resumed = New("compact", second, out ParameterSet others);
        whole.Initialize();
        begun.Initialize();
        List<TrainingReport> expected = Run(whole), actual = Run(begun, to: 20);
        Checkpoint.Save(file, begun, values, run);
        Checkpoint.Load(file, resumed, others);
        actual.AddRange(Run(resumed));
        AssertFollows(actual, expected);
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        Trainer trainer = New("long", Libtorch.Engine, out _);
        trainer.Initialize();
        var counts = new List<long>();
        // What other tests have left.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        trainer.Run(_ => counts.Add(TorchSharp.torch.Tensor.TotalCount), () => { }, CancellationToken.None);
        // From the fourth step on the discriminators teach, and with the last step the held-out clips are measured.
        Assert.Equal(10, counts.Count);
        Assert.True(counts[^2] <= counts[4], $"tensors after each step: {string.Join(' ', counts)}");
    }
}
