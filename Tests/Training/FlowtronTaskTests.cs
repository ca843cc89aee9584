using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

/// <summary>A small Flowtron trained on a few clips and their texts.</summary>
public sealed class FlowtronTaskTests : IDisposable
{
    private static readonly TrainingConfig s_config = new()
    {
        Recipe = "nvidia",
        Flowtron = new FlowtronConfig { Flows = 2, SpeakerChannels = 2, TextChannels = 6, Hidden = 12, AttentionChannels = 5, LstmLayers = 1 },
        Text = new TextConfig { AttentionFrom = 2 },
        Steps = 12, Batch = 2, Warmup = 2, LearningRate = 1e-2, LogEvery = 1, ValidateEvery = 6, SaveEvery = 6,
    };

    private readonly TempFolder _folder = new();

    public FlowtronTaskTests()
    {
        TinyCorpus.Write(_folder["data"]);
        foreach (var (name, text) in ((string, string)[])[("0", "One text."), ("1", "Another one."), ("2", "A third one.")])
            File.WriteAllText(_folder[$"data/{name}.txt"], text);
        File.WriteAllText(_folder["data/valid/v.txt"], "Held out.");
    }

    public void Dispose() => _folder.Dispose();

    private TrainingPaths Paths(string output) => new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder train --tiny");

    private static List<TrainingReport> Train(TrainingPaths paths, TrainingConfig config, bool resume = false)
    {
        var reports = new List<TrainingReport>();
        TrainingRun.Train(paths, config, resume, threads: 1, null, reports.Add, CancellationToken.None);
        return reports;
    }

    private static string Message(Action run) => Assert.Throws<VocoderException>(run).Message;

    private TextDataset Data(TextConfig? config = null) => TextDataset.Load(_folder["data"], null, MelRecipe.ByName("nvidia"), config ?? new TextConfig());

    // The flows begin as the identity: the likelihood is that of the mel under N(0, σ²).
    [Theory, InlineData(1f), InlineData(2f)]
    public void The_likelihood_of_a_new_model_is_that_of_a_normal_distribution(float sigma)
    {
        TrainingConfig config = s_config with { Text = s_config.Text with { Sigma = sigma } };
        TextDataset data = Data();
        StepResult found = new FlowtronTask(new Flowtron(config.Flowtron!, 3), data, config).Validate(new CpuOps());
        double expected = data.Valid[0].Mel.Average(x => -(double)x * x / (2 * sigma * sigma)) - 0.5 * Math.Log(2 * Math.PI) - Math.Log(sigma);
        Assert.Equal(expected, found.NatsPerSample, 1e-5 * Math.Abs(expected));
        Assert.True(found.Gate > 0 && found.Attention > 0);
    }

    [Fact]
    public void The_loss_of_a_step_is_the_published_sum_and_has_the_attention_from_its_step_on()
    {
        TextDataset data = Data();
        var task = new FlowtronTask(new Flowtron(s_config.Flowtron!, 3), data, s_config);
        var ops = new CpuOps();
        void Check(long step, double weight)
        {
            StepResult found = task.Loss(ops, step);
            double nll = -found.NatsPerSample - 0.5 * Math.Log(2 * Math.PI);
            Assert.Equal(nll + found.Gate!.Value + weight * found.Attention!.Value, found.Loss!.Item, 1e-4);
        }
        Check(1, 0);
        Check(2, 0.01);
    }

    [Fact]
    public void An_epoch_has_every_clip_once_and_the_next_another_order()
    {
        TextClip[] clips = [.. Enumerable.Range(0, 40).Select(i => new TextClip($"{i}", [], 1, "a", 0))];
        var task = new FlowtronTask(new Flowtron(s_config.Flowtron!, 3), Data(), s_config);
        string[] Epoch(long number) => [.. Enumerable.Range(0, 40).Select(i => task.Draw(clips, number * 40 + i).Name)];
        string[] first = Epoch(0), second = Epoch(1);
        Assert.Equal(clips.Select(c => c.Name).Order(), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
        Assert.NotEqual(clips.Select(c => c.Name), first);
        Assert.Equal(first, Epoch(0));
    }

    [Fact]
    public void It_learns_and_what_it_writes_speaks()
    {
        TrainingPaths paths = Paths("new/reader.safetensors");
        List<TrainingReport> reports = Train(paths, s_config with { ValidateEvery = 1, AverageDecay = 0 });
        TrainingReport first = reports[0], last = reports[^1];
        Assert.True(last.ValidNats > first.ValidNats + 2, $"{first.ValidNats} became {last.ValidNats}");
        Assert.True(last.ValidGate < first.ValidGate, $"{first.ValidGate} became {last.ValidGate}");
        Assert.Equal(("nats per value of the mel", last.ValidNats), (last.Unit, last.HeldOutNats));
        Assert.Equal(reports.Select(r => r.Attention), TrainingLog.Read(paths.Log).Select(r => r.Attention));
        Flowtron model = FlowtronCheckpoint.Read(paths.Output);
        Assert.Equal((s_config.Flowtron!.ToJson(), "nvidia"), (model.ConfigJson, model.Recipe.Name));
        FlowtronFrame[] frames = [.. model.Speak(Engine.Managed, new Parallelism(1), [80, 81, 82], new FlowtronOptions { Gate = 1, MaxFrames = 5 })];
        Assert.Equal(5, frames.Length);
        Assert.All(frames, frame => Assert.All(frame.Values, value => Assert.True(float.IsFinite(value))));
        Assert.Equal("3 recordings, 0.00 h; vocoder train --tiny", FlowtronCheckpoint.Voice(paths.Output)!.Provenance);
        Assert.Equal($"{paths.Output}: holds a Flowtron, which makes mels of text, expected a vocoder, which makes speech of mels",
            Message(() => VoiceLibrary.Load(paths.Output)));
    }

    [Fact]
    public void A_resumed_run_gives_the_same_weights()
    {
        // Words are looked up by chance, and epochs end within the run.
        File.WriteAllText(_folder["cmudict"], "ONE  W AH1 N\nTEXT  T EH1 K S T\nTHIRD  TH ER1 D\n");
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        TrainingConfig config = s_config with { Steps = 6, SaveEvery = 3, ValidateEvery = 3, Text = s_config.Text with { Dictionary = _folder["cmudict"] } };
        Train(whole, config);
        using (var cancellation = new CancellationTokenSource())
            TrainingRun.Train(parts, config, false, 1, null, r => { if (r.Step == 3) cancellation.Cancel(); }, cancellation.Token);
        Train(parts, config, resume: true);
        CheckpointFiles.AssertSame(whole.Checkpoint, parts.Checkpoint);
        TrainingConfig other = config with { Flowtron = config.Flowtron! with { Hidden = 16 } };
        Assert.Contains("with another model, expected the same to go on with", Message(() => Train(parts, other, resume: true)));
    }

    [Fact]
    public void It_starts_from_a_published_state_dictionary_and_gives_one_back()
    {
        TrainingPaths refused = Paths("refused.safetensors"), then = Paths("then.safetensors") with { From = _folder["state.safetensors"] };
        FlowtronConfig cumulative = s_config.Flowtron! with { CumulativeAttention = true, Flows = 1 };
        var published = new Flowtron(cumulative, 9);
        using (FileStream stream = File.Create(then.From!))
            SafeTensorsFile.Write(stream, FlowtronCheckpoint.StateDict(published), new Dictionary<string, string>());
        // Too small a step to move a weight, so what comes out is what went in.
        Train(then, s_config with { Flowtron = cumulative, Steps = 1, LearningRate = 1e-30, FinalLearningRate = 0 });
        Flowtron found = FlowtronCheckpoint.Read(then.Output);
        foreach (var (a, b) in published.Parameters.Items.Zip(found.Parameters.Items))
            Assert.All(a.Value.Span.ToArray().Zip(b.Value.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-20f));
        Assert.Contains("its model or recipe is not that of the configuration", Message(() => Train(refused with { From = then.From }, s_config)));
    }

    [Fact]
    public void Speakers_of_a_list_are_numbered_and_no_more_than_the_model_has()
    {
        string list = _folder["list"];
        File.WriteAllText(list, "0.wav|One.|x\n1.wav|Two.|y\n2.wav|Three.|x\nv.wav|Four.|y\n");
        TrainingPaths paths = Paths("two.safetensors") with { Texts = list };
        Assert.Contains("the texts name 2 speakers, expected 1 at most, flowtron.n_speakers", Message(() => Train(paths, s_config)));
        TrainingConfig two = s_config with { Flowtron = s_config.Flowtron! with { Speakers = 2 }, Steps = 1 };
        Train(paths with { Output = _folder["three.safetensors"] }, two);
        Assert.Equal("x, y", FlowtronCheckpoint.Voice(_folder["three.safetensors"])!.Metadata["speakers"]);
        Assert.Equal([0, 1, 0], TextDataset.Load(_folder["data"], list, MelRecipe.ByName("nvidia"), new TextConfig()).Train.Select(clip => clip.Speaker));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        string Of(TrainingConfig config, string? texts = null) => Message(() => Train(Paths("x.safetensors") with { Texts = texts }, config));
        Assert.Contains("n_text_dim is 7, expected an even number", Of(s_config with { Flowtron = new FlowtronConfig { TextChannels = 7 } }));
        Assert.Contains("flowtron.n_mel_channels is 40, expected 80, the bands of the mel recipe nvidia",
            Of(s_config with { Flowtron = new FlowtronConfig { MelChannels = 40 } }));
        Assert.Contains("flowtron.n_text is 148, expected 185", Of(s_config with { Flowtron = new FlowtronConfig { Symbols = 148 } }));
        Assert.Contains("text.trim is -1, expected 0 to 120", Of(s_config with { Text = new TextConfig { Trim = -1 } }));
        Assert.Contains("0 for all of these: it learns by its likelihood alone", Of(s_config with { MelLossWeight = 1 }));
        Assert.Contains("expected no other beside", Of(s_config with { WaveFlow = new WaveFlowConfig() }));
        Assert.Contains("expected no other beside flowtron", Of(s_config with { Model = new CompactConfig { Channels = 8 } }));
        Assert.Contains("found --texts and a model of kind 'compact', expected 'flowtron' for texts", Of(TinyCorpus.Config, "list"));
        foreach (string name in (string[])["0", "1", "2", "valid/v"]) File.Delete(_folder[$"data/{name}.txt"]);
        Assert.Contains("found no texts of its 4 recordings", Of(s_config));
        Assert.False(File.Exists(_folder["x.safetensors"]));
    }
}
