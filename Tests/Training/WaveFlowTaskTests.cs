using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

public sealed class WaveFlowTaskTests : IDisposable
{
    private static readonly TrainingConfig s_config = new()
    {
        WaveFlow = new WaveFlowConfig { Channels = 6, Height = 8, Flows = 2, Layers = 2 },
        Steps = 40, Batch = 2, CropFrames = 4, Warmup = 3, LearningRate = 1e-2, LogEvery = 1, ValidateEvery = 20, SaveEvery = 20,
    };

    private readonly TempFolder _folder = new();

    public WaveFlowTaskTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private TrainingPaths Paths(string output) => new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder train --tiny");

    private static List<TrainingReport> Train(TrainingPaths paths, TrainingConfig config, bool resume = false)
    {
        var reports = new List<TrainingReport>();
        TrainingRun.Train(paths, config, resume, threads: 1, null, reports.Add, CancellationToken.None);
        return reports;
    }

    [Fact]
    public void It_learns_by_likelihood_and_its_voice_speaks_and_scores()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        List<TrainingReport> reports = Train(paths, s_config);
        // At first z is the recording, whose samples are small: ½ log 2π less half their power, and the gain.
        double first = reports[0].NatsPerSample, last = reports.TakeLast(5).Average(r => r.NatsPerSample);
        Assert.True(last > first + 0.5, $"{first} became {last}");
        LoadedVoice voice = VoiceLibrary.Load(paths.Output);
        Assert.Equal(WaveFlow.KindName, voice.Model.Kind);
        var clip = TinyCorpus.Data.Valid[0];
        float[] speech = Synthesizer.Synthesize(voice.Model, clip.Mel, voice.Options, new Parallelism(1));
        Assert.Equal(TinyCorpus.ValidFrames * 256, speech.Length);
        Likelihood likelihood = voice.Model.Score(clip.Mel, clip.Audio, new Parallelism(1));
        Assert.Equal(likelihood.NatsPerSample, likelihood.Parts.Sum(part => part.Nats), 1e-6);
        Assert.InRange(likelihood.NatsPerSample, first, 5);
    }

    [Fact]
    public void A_resumed_run_gives_the_same_weights()
    {
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        TrainingConfig config = s_config with { Steps = 6, SaveEvery = 3, ValidateEvery = 3 };
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
        Assert.Contains("expected none beside wave_flow", Message(s_config with { Model = new CompactConfig { Channels = 8 } }));
        Assert.Contains("a WaveFlow learns by its likelihood alone", Message(s_config with { MelLossWeight = 1 }));
        Assert.Contains("n_height is 12, expected a divisor of the hop 256", Message(s_config with { WaveFlow = new WaveFlowConfig { Height = 12 } }));
        Assert.Equal("the configuration is that of a model of kind 'waveflow', expected 'compact' as a student", Message(s_config, "student"));
    }
}
