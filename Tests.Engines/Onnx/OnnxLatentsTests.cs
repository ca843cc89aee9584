using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.OnnxRuntime;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>Recordings under a voice on ONNX Runtime are what they are under it on the managed engine.</summary>
public class OnnxLatentsTests
{
    private static readonly Parallelism s_one = new(1);
    private readonly OnnxEngine _engine = new();

    // What student says is a recording that no voice here is made for.
    private static float[] Speech(int samples)
    {
        LoadedVoice student = OnnxRun.Voice("student");
        return Synthesizer.Synthesize(student.Model, OnnxRun.Mel("kathleen").Data, student.Options with { Match = 1 }, s_one)[..samples];
    }

    private static LoadedVoice Tiny(CompactConfig config)
    {
        var model = new CompactVocoder(config with { Layers = 2, Channels = 12, EncoderChannels = 8, ConditionChannels = 8, PitchChannels = 8 },
            MelRecipe.ByName("hifigan"), seed: 4);
        return new LoadedVoice("tiny", "tiny", Moved(model), null);
    }

    private static LoadedVoice Glow() => new("tiny", "tiny", Moved(new WaveGlow(new WaveGlowConfig(80, 6, 8, 2, 2, new WaveGlowWaveNetConfig(3, 32, 3)), seed: 4)), null);

    // As they are made, the last layers are zero and the flows linear.
    private static T Moved<T>(T model) where T : VocoderModel
    {
        foreach (Parameter parameter in model.Parameters.Items.Where(p => p.Value.Span.ToArray().All(x => x == 0)))
        {
            new Philox(7).Normal(parameter.Value.Span, 1, 0, 0);
            System.Numerics.Tensors.TensorPrimitives.Multiply(parameter.Value.Span, 0.1f, parameter.Value.Span);
        }
        return model;
    }

    private static LatentSpeech Encode(LoadedVoice voice, float[] mel, float[] audio) =>
        voice.Model.Encode(mel, audio, s_one, TestContext.Current.CancellationToken);

    private static float[] Decode(LoadedVoice voice, LatentSpeech latent) => voice.Model.Decode(latent, s_one, TestContext.Current.CancellationToken);

    public static TheoryData<string> Voices() => ["compact", "teacher", "waveglow", "harmonics", "plain"];

    private static LoadedVoice Voice(string name) => name switch
    {
        "waveglow" => Glow(),
        // Orders beyond a block, and signals of harmonics.
        "harmonics" => Tiny(new CompactConfig { Flows = 2, Group = 32, EarlyEvery = 1, LinearPrediction = 64, HarmonicBands = [500, 1500, 6000] }),
        "plain" => Tiny(new CompactConfig { Flows = 2, Group = 16, LinearPrediction = 0, Harmonics = [], LookAhead = 1 }),
        _ => OnnxRun.Voice(name),
    };

    [Theory, MemberData(nameof(Voices))]
    public void A_recording_has_the_same_likelihood_and_the_same_latents(string name)
    {
        LoadedVoice voice = Voice(name), elsewhere = _engine.PutForwards(voice, "cpu");
        // Two chunks and a rest, with samples that fill no hop.
        float[] audio = Speech(170 * 256 + 100), mel = new MelSpectrogram(voice.Model.Recipe).Compute(audio);
        Likelihood expected = voice.Model.Score(mel, audio, s_one), actual = elsewhere.Model.Score(mel, audio, s_one);
        TestContext.Current.SendDiagnosticMessage($"{name}: {expected.NatsPerSample} {actual.NatsPerSample - expected.NatsPerSample}");
        Assert.Equal(expected.Samples, actual.Samples);
        Assert.Equal(expected.Parts.Select(part => part.Layer), actual.Parts.Select(part => part.Layer));
        Assert.All(expected.Parts.Zip(actual.Parts), pair => Assert.Equal(pair.First.Nats, pair.Second.Nats, 1e-4));
        Assert.Equal(expected.NatsPerSample, actual.NatsPerSample, 1e-4);
        LatentSpeech z = Encode(voice, mel, audio), encoded = Encode(elsewhere, mel, audio);
        TestContext.Current.SendDiagnosticMessage($"{name}: z {OnnxRun.RelativeError(encoded.Z, z.Z)}");
        Assert.InRange(OnnxRun.RelativeError(encoded.Z, z.Z), 0, 1e-4);
        Assert.True(voice.Model.HasEncoded(encoded));
        if (voice.Model.GeneratesStepByStep) return;
        float[] decoded = Decode(elsewhere, encoded);
        TestContext.Current.SendDiagnosticMessage($"{name}: again {OnnxRun.RelativeError(decoded, audio[..decoded.Length])} from managed {OnnxRun.RelativeError(Decode(elsewhere, z), audio[..decoded.Length])}  managed {OnnxRun.RelativeError(Decode(voice, z), audio[..decoded.Length])}");
        Assert.InRange(OnnxRun.RelativeError(decoded, audio[..decoded.Length]), 0, 1e-4);
    }
}
