using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Torch;

/// <summary>Whole voices: what they speak, stream and score is that of the managed engine.</summary>
public class SpeechTests
{
    private const double Tolerance = 1e-4;

    private static readonly Dictionary<string, Func<VocoderModel>> s_models = new()
    {
        ["student"] = () => VoiceLibrary.Load("student").Model,
        ["compact"] = () => VoiceLibrary.Load("compact").Model,
        ["waveglow"] = () => Glow(new WaveGlowConfig(5, 4, 16, 1, 4, new WaveGlowWaveNetConfig(2, 12, 5), 40, 20)),
    };

    static SpeechTests()
    {
        foreach (var (i, row) in CompactModels.Configurations().Index()) s_models[$"compact {i}"] = () => CompactModels.Create(row.Data);
        foreach (var (i, row) in CompactModels.Continuous().Index()) s_models[$"continuous {i}"] = () => CompactModels.Create(row.Data);
        foreach (var (i, row) in WaveFlowModels.Configurations().Index()) s_models[$"waveflow {i}"] = () => WaveFlowModels.Shaken(row.Data);
        foreach (var (i, create) in ClariNetModels.All.Index()) s_models[$"clarinet {i}"] = create;
        foreach (var row in MultiScaleModels.All()) s_models[$"multi-scale {row.Data}"] = () => MultiScaleModels.Shaken(row.Data);
    }

    public static TheoryData<string> Models => [.. s_models.Keys];

    [Theory]
    [MemberData(nameof(Models))]
    public void A_mel_is_spoken_alike(string name)
    {
        VocoderModel model = s_models[name]();
        float[] mel = Mel(model, 60);
        var options = new SynthesisOptions { Match = model.MatchPasses > 0 && name == "student" ? 8 : 0, Seed = 5 };
        float[] expected = Synthesizer.Synthesize(model, mel, options, new Parallelism(1));
        model.Engine = Libtorch.Engine;
        Assert.InRange(TorchOpsTests.Error(Synthesizer.Synthesize(model, mel, options, new Parallelism(1)), expected), 0, Tolerance);
    }

    [Theory, InlineData(1, false), InlineData(2, false), InlineData(3, true)]
    public void A_Flowtron_makes_the_same_mel(int flows, bool cumulative)
    {
        var model = new Flowtron(new FlowtronConfig { Flows = flows, TextChannels = 8, SpeakerChannels = 4, Hidden = 16, AttentionChannels = 6,
            CumulativeAttention = cumulative }, seed: 3);
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.EndsWith("conv.weight", StringComparison.Ordinal)))
            new Philox(5).Normal(p.Value, (uint)p.Name.Length, 0);
        foreach (Parameter p in model.Parameters.Items) p.Value.MarkChanged();
        float[] Mel(Engine engine) =>
            [.. model.Speak(engine, new Parallelism(1), [60, 70, 80], new FlowtronOptions { Gate = 1, MaxFrames = 12 }).SelectMany(frame => frame.Values)];
        Assert.InRange(TorchOpsTests.Error(Mel(Libtorch.Engine), Mel(Engine.Managed)), 0, Tolerance);
    }

    [Theory]
    [InlineData("compact 0")]
    [InlineData("compact 6")]
    [InlineData("compact 8")]
    [InlineData("continuous 2")]
    public void A_stream_cut_anywhere_and_saved_on_one_engine_goes_on_on_the_other(string name)
    {
        VocoderModel managed = s_models[name](), torch = s_models[name]();
        torch.Engine = Libtorch.Engine;
        float[] mel = Mel(managed, 40), expected = Synthesizer.Synthesize(managed, mel, new SynthesisOptions { Match = 0 }, new Parallelism(1)),
            samples = new float[expected.Length];
        var random = new Random(3);
        VocoderStream stream = managed.NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1));
        int position = 0;
        for (int frame = 0, count; frame < 40; frame += count)
        {
            count = Math.Min(random.Next(1, 7), 40 - frame);
            using var saved = new MemoryStream();
            stream.SaveState(saved);
            saved.Position = 0;
            stream = (stream.Model == managed ? torch : managed).NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1));
            stream.RestoreState(saved);
            var frames = new float[count * stream.Bands];
            MelColumns.Copy(mel, stream.Bands, frame, frames);
            position += stream.Push(frames, samples.AsSpan(position));
        }
        position += stream.Flush(samples.AsSpan(position));
        Assert.Equal(expected.Length, position);
        Assert.InRange(TorchOpsTests.Error(samples, expected), 0, Tolerance);
    }

    [Theory]
    [InlineData("compact")]
    [InlineData("compact 0")]
    [InlineData("compact 7")]
    [InlineData("compact 8")]
    [InlineData("waveglow")]
    [InlineData("waveflow 1")]
    [InlineData("multi-scale 0")]
    [InlineData("clarinet 0")]
    [InlineData("clarinet 2")]
    public void A_recording_is_as_likely(string name)
    {
        VocoderModel model = s_models[name]();
        float[] mel = Mel(model, 24), audio = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Match = 0, Sigma = 0.7f }, new Parallelism(1));
        Likelihood expected = model.Score(mel, audio, new Parallelism(1));
        model.Engine = Libtorch.Engine;
        Likelihood actual = model.Score(mel, audio, new Parallelism(1));
        Assert.Equal(expected.NatsPerSample, actual.NatsPerSample, Tolerance);
        foreach (var (found, wanted) in actual.Parts.Zip(expected.Parts))
        {
            Assert.Equal(wanted.Layer, found.Layer);
            Assert.Equal(wanted.Nats, found.Nats, Tolerance);
        }
    }

    [Fact]
    public void F0_is_heard_alike()
    {
        var model = (CompactVocoder)s_models["student"]();
        float[] mel = Mel(model, 60), expected = model.PredictPitch(mel, new Parallelism(1))!;
        model.Engine = Libtorch.Engine;
        Assert.Contains(expected, hz => hz > 0);
        Assert.InRange(TorchOpsTests.Error(model.PredictPitch(mel, new Parallelism(1))!, expected), 0, 1e-5);
    }

    // Frames of a recording, as many bands of it as the model has.
    private static float[] Mel(VocoderModel model, int frames)
    {
        MelArray all = MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy"), 80);
        int length = all.Data.Length / 80, bands = model.Recipe.Bands;
        var mel = new float[bands * frames];
        for (int b = 0; b < bands; b++) all.Data.AsSpan(b * (80 / bands) * length + 40, frames).CopyTo(mel.AsSpan(b * frames));
        return mel;
    }

    private static WaveGlow Glow(WaveGlowConfig config)
    {
        var model = new WaveGlow(config, seed: 1);
        var random = new Random(2);
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.Contains(".end.", StringComparison.Ordinal)))
        {
            foreach (ref float value in p.Value.Span) value += 0.2f * (random.NextSingle() - 0.5f);
            p.Value.MarkChanged();
        }
        return model;
    }
}
