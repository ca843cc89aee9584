using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Optimization;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

public sealed class LikelihoodTaskTests : IDisposable
{
    private static readonly TrainingConfig s_config = new()
    {
        WaveFlow = new WaveFlowConfig { Channels = 6, Height = 8, Flows = 2, Layers = 2 },
        Steps = 40, Batch = 2, CropFrames = 4, Warmup = 3, LearningRate = 1e-2, LogEvery = 1, ValidateEvery = 20, SaveEvery = 20,
        // As loud as they are, so that what is told of one step can be compared with another.
        QuietestGain = 0, LoudestGain = 0,
    };

    private static readonly TrainingConfig s_floWaveNet = s_config with
    {
        WaveFlow = null, FloWaveNet = new FloWaveNetConfig { Blocks = 4, Flows = 2, Layers = 1, BlocksPerSplit = 2, Channels = 6 }, Recipe = "flowavenet",
        LearningRate = 3e-3, Steps = 30, CropFrames = 2, ValidateEvery = 20,
    };

    private static readonly TrainingConfig s_waveNode = s_floWaveNet with
    {
        FloWaveNet = null, WaveNode = new WaveNodeConfig { Blocks = 2, SplitPeriod = 1, Layers = 1, Channels = 6, PriorLayers = 1, PriorChannels = 6,
            Solver = "midpoint", SolverSteps = 1 },
    };

    private static readonly TrainingConfig s_clariNet = s_floWaveNet with
    {
        FloWaveNet = null, ClariNetTeacher = new ClariNetTeacherConfig { Blocks = 1, Layers = 3, Residual = 6, Gate = 6, Skip = 6 }, LearningRate = 1e-2,
    };

    public static TheoryData<string> Families => ["waveflow", "flowavenet", "wavenode", "clarinet-teacher"];

    private static TrainingConfig ConfigOf(string family) => family switch
    {
        "waveflow" => s_config, "flowavenet" => s_floWaveNet, "wavenode" => s_waveNode, _ => s_clariNet,
    };

    private readonly TempFolder _folder = new();

    public LikelihoodTaskTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private TrainingPaths Paths(string output) => new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder train --tiny");

    private static List<TrainingReport> Train(TrainingPaths paths, TrainingConfig config, bool resume = false)
    {
        var reports = new List<TrainingReport>();
        TrainingRun.Train(paths, config, resume, threads: 1, null, reports.Add, CancellationToken.None);
        return reports;
    }

    [Theory, MemberData(nameof(Families))]
    public void It_learns_by_likelihood_and_its_voice_speaks_and_scores(string family)
    {
        TrainingPaths paths = Paths("voice.safetensors");
        List<TrainingReport> reports = Train(paths, ConfigOf(family) with { ValidateEvery = 1, AverageDecay = 0 });
        // On the held-out clip. The flow of a WaveFlow begins as the identity; the others begin with their first batch normalised, and a few steps further need
        // not show on another clip: that they learn is tested on one batch below.
        double first = reports[0].ValidNats!.Value, last = reports[^1].ValidNats!.Value;
        if (family is "waveflow" or "clarinet-teacher") Assert.True(last > first + 0.5, $"{first} became {last}");
        LoadedVoice voice = VoiceLibrary.Load(paths.Output);
        Assert.Equal(family, voice.Model.Kind);
        var clip = new SpeechClip("v", Voiced.Speech(TinyCorpus.ValidFrames * 256, 125, 9), voice.Model.Recipe, pitch: false);
        float[] speech = Synthesizer.Synthesize(voice.Model, clip.Mel, voice.Options, new Parallelism(1));
        Assert.Equal(clip.MelFrames * 256, speech.Length);
        Likelihood likelihood = voice.Model.Score(clip.Mel, clip.Audio, new Parallelism(1));
        Assert.Equal(likelihood.NatsPerSample, likelihood.Parts.Sum(part => part.Nats), 1e-6);
        Assert.InRange(likelihood.NatsPerSample, first - 1, 6);
        Assert.Equal(family == "wavenode", likelihood.StandardError is > 0);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Updates_make_a_batch_more_likely(int number)
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(number);
        if (model is WaveNode node)
            foreach (ContinuousFlow flow in node.Flows) flow.Exact = true;
        var random = new Random(2);
        Tensor mel = Samples.Normal(random, 2, model.Recipe.Bands, 2), audio = Samples.Normal(random, 2, 1, 2 * model.Recipe.HopSize, 0.1);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        var adam = new Adam(model.Parameters, new AdamConfig());
        model.Initialize(new CpuOps(), audio, mel);
        var losses = new List<double>();
        for (int step = 0; step < 20; step++)
        {
            Tensor loss = ((ILikelihoodModel)model).Loss(ops, audio, mel);
            losses.Add(loss.Item);
            tape.Backward(loss);
            adam.Step(1e-3, adam.GradientNorm());
            adam.ClearGradients();
            ops.Reset();
        }
        Assert.True(losses[^1] < losses[0] - 0.005, string.Join(" ", losses));
    }

    [Theory, InlineData("waveflow"), InlineData("clarinet-teacher")]
    public void A_resumed_run_gives_the_same_weights(string family)
    {
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        TrainingConfig config = ConfigOf(family) with { Steps = 6, SaveEvery = 3, ValidateEvery = 3 };
        Train(whole, config);
        using (var cancellation = new CancellationTokenSource())
            TrainingRun.Train(parts, config, false, 1, null, r => { if (r.Step == 3) cancellation.Cancel(); }, cancellation.Token);
        Train(parts, config, resume: true);
        CheckpointFiles.AssertSame(whole.Checkpoint, parts.Checkpoint);
    }

    [Fact]
    public void Settings_that_do_not_go_together_are_refused()
    {
        string Message(TrainingConfig config, string? teacher = null) =>
            Assert.Throws<VocoderException>(() => Train(Paths("x.safetensors") with { Teacher = teacher }, config)).Message;
        Assert.Contains("expected no other beside wave_flow", Message(s_config with { Model = new CompactConfig { Channels = 8 } }));
        Assert.Contains("it learns by its likelihood alone", Message(s_config with { MelLossWeight = 1 }));
        Assert.Contains("expected no other beside wave_flow", Message(s_clariNet with { WaveFlow = s_config.WaveFlow }));
        Assert.Contains("n_height is 12, expected a divisor of the hop 256", Message(s_config with { WaveFlow = new WaveFlowConfig { Height = 12 } }));
        Assert.Equal("the configuration is that of a model of kind 'waveflow', expected 'compact' or 'clarinet' as a student", Message(s_config, "student"));
    }
}
