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

    private static LoadedVoice Glow() =>
        new("tiny", "tiny", Moved(new WaveGlow(new WaveGlowConfig(80, 6, 8, 2, 2, new WaveGlowWaveNetConfig(3, 32, 3)), seed: 4)), null);

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
        // A chunk and a rest, with samples that fill no hop.
        float[] audio = Speech(170 * 256 + 100), mel = new MelSpectrogram(voice.Model.Recipe).Compute(audio);
        Likelihood expected = voice.Model.Score(mel, audio, s_one), actual = elsewhere.Model.Score(mel, audio, s_one);
        Assert.Equal(expected.Samples, actual.Samples);
        Assert.Equal(expected.Parts.Select(part => part.Layer), actual.Parts.Select(part => part.Layer));
        Assert.All(expected.Parts.Zip(actual.Parts), pair => Assert.Equal(pair.First.Nats, pair.Second.Nats, 1e-5));
        Assert.Equal(expected.NatsPerSample, actual.NatsPerSample, 1e-5);
        LatentSpeech z = Encode(voice, mel, audio), encoded = Encode(elsewhere, mel, audio);
        Assert.InRange(OnnxRun.RelativeError(encoded.Z, z.Z), 0, 1e-4);
        // Either decodes what the other encodes.
        Assert.True(voice.Model.HasEncoded(encoded) && elsewhere.Model.HasEncoded(z));
        if (voice.Model.GeneratesStepByStep) return;
        foreach (LatentSpeech latent in (LatentSpeech[])[encoded, z])
            Assert.InRange(OnnxRun.RelativeError(Decode(elsewhere, latent), audio[..latent.Samples]), 0, 1e-4);
    }

    [Fact]
    public void Frames_and_pieces_say_what_the_whole_says()
    {
        LoadedVoice voice = Voice("harmonics"), elsewhere = _engine.PutForwards(voice, null);
        float[] audio = Speech(150 * 256), mel = new MelSpectrogram(voice.Model.Recipe).Compute(audio);
        double[] Frames(LoadedVoice of) => of.Model.ScoreFrames(mel, audio, s_one, TestContext.Current.CancellationToken);
        Assert.All(Frames(voice).Zip(Frames(elsewhere)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Likelihood whole = elsewhere.Model.Score(mel, audio, s_one), pieces = elsewhere.Model.Score(new Pieces(audio), default, s_one);
        Assert.Equal(whole.Parts, pieces.Parts);
    }

    private sealed class Pieces(float[] samples) : ISampleSource
    {
        public void ReadThrough(Action<ReadOnlySpan<float>> next)
        {
            for (int at = 0; at < samples.Length; at += 777) next(samples.AsSpan(at, Math.Min(777, samples.Length - at)));
        }
    }

    // A batch of two in one run, and each in a stream that is cut anywhere: nats of every frame, given all before it.
    [Theory]
    [InlineData("compact")]
    [InlineData("plain")]
    public void A_graph_tells_the_nats_of_frames_at_once_and_in_a_stream(string name)
    {
        LoadedVoice voice = Voice(name);
        int late = voice.Model.LookAheadFrames, group = ((CompactVocoder)voice.Model).Config.Group;
        const int Frames = 40;
        float[][] audio = [Speech(Frames * 256), Speech(3 * Frames * 256)[(2 * Frames * 256)..]];
        LatentSpeech[] latents = [.. audio.Select(a => Encode(voice, new MelSpectrogram(voice.Model.Recipe).Compute(a), a))];
        double[][] expected = [.. latents.Zip(audio, (z, a) => voice.Model.ScoreFrames(z.Mel, a, s_one, TestContext.Current.CancellationToken))];
        using var whole = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { Task = OnnxTask.Score }));
        var results = whole.Run(Inputs(voice, latents, audio));
        int layers = whole.Metadata["layers"].Split(',').Length;
        Assert.Equal([2, layers, Frames], results["log_density"].Shape);
        Assert.Equal([2, group, Frames * 256 / group], results["z"].Shape);
        Assert.InRange(OnnxRun.RelativeError(results["z"].Values, [.. latents.SelectMany(z => z.Z)]), 0, 1e-4);
        for (int item = 0; item < 2; item++)
            Assert.All(expected[item].Zip(Nats(results["log_density"].Values.AsSpan(item * layers * Frames, layers * Frames), layers)),
                pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        using var stream = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { Task = OnnxTask.Score, Streaming = true }));
        float[] state = new float[stream.Inputs["state"].Dimensions[1]];
        var nats = new List<double>();
        var random = new Random(5);
        for (int done = 0; done < Frames + late;)
        {
            int count = Math.Min(random.Next(1, 9), Frames + late - done), from = done;
            // The mel comes a look-ahead before what belongs to samples.
            (string, float[], int[]) Part((string Name, float[] Values, int[] Shape) input)
            {
                int rows = input.Shape[1], each = input.Shape[2] / Frames;
                return (input.Name, OnnxExporterTests.Columns(input.Values, rows, count * each, i => input.Name == "mel" ? Math.Min(from + i, Frames - 1)
                    : i + (from - late) * each), [1, rows, count * each]);
            }
            results = stream.Run([.. Inputs(voice, latents[..1], audio[..1]).Select(Part), ("state", state, [1, state.Length])]);
            nats.AddRange(Nats(results["log_density"].Values, layers));
            state = results["next_state"].Values;
            done += count;
        }
        Assert.All(nats.Take(late), value => Assert.Equal(0, value));
        Assert.All(expected[0].Zip(nats.Skip(late)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    private static (string Name, float[] Values, int[] Shape)[] Inputs(LoadedVoice voice, LatentSpeech[] latents, float[][] audio)
    {
        int samples = latents[0].Samples, frames = samples / 256, b = latents.Length;
        (string, float[], int[])[] inputs =
            [("mel", [.. latents.SelectMany(z => z.Mel)], [b, 80, frames]), ("audio", [.. audio.SelectMany(a => a)], [b, 1, samples])];
        return !((CompactVocoder)voice.Model).UsesPhase ? inputs : [.. inputs, ("phase", [.. latents.SelectMany(z => z.Phase)], [b, 1, samples]),
            ("f0", [.. latents.SelectMany(z => z.F0)], [b, 1, frames])];
    }

    private static double[] Nats(ReadOnlySpan<float> density, int layers)
    {
        var nats = new double[density.Length / layers];
        for (int i = 0; i < density.Length; i++) nats[i % nats.Length] += density[i] / 256.0;
        return nats;
    }

    [Fact]
    public void A_WaveGlow_speaks_here_as_it_does()
    {
        LoadedVoice voice = Glow(), elsewhere = _engine.Put(voice, null);
        // More than one window.
        float[] mel = [.. Enumerable.Range(0, 80 * 600).Select(i => -4 + MathF.Sin(i))];
        SynthesisOptions options = new() { Sigma = 0.6f, Seed = 3, Match = 0 };
        Assert.InRange(OnnxRun.RelativeError(Synthesizer.Synthesize(elsewhere.Model, mel, options, s_one),
            Synthesizer.Synthesize(voice.Model, mel, options, s_one)), 0, 1e-4);
    }

    [Fact]
    public void A_student_decodes_what_it_encoded_elsewhere()
    {
        LoadedVoice voice = OnnxRun.Voice("student"), elsewhere = _engine.PutForwards(voice, null);
        float[] audio = Speech(10 * 256), mel = new MelSpectrogram(voice.Model.Recipe).Compute(audio);
        LatentSpeech z = Encode(voice, mel, audio);
        Assert.InRange(OnnxRun.RelativeError(Decode(elsewhere, z), audio), 0, 1e-4);
        Assert.Equal("f0 has 60 Hz, expected 0 or at least 70 on the engine onnx",
            Assert.Throws<VocoderException>(() => Decode(elsewhere, z with { F0 = [.. z.F0[1..], 60] })).Message);
        Assert.Contains("voice student scores step by step", Assert.Throws<VocoderException>(() => Encode(elsewhere, mel, audio)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_graph_is_refused_with_the_reason()
    {
        LoadedVoice continuous = Tiny(new CompactConfig { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0 });
        VocoderModel elsewhere = _engine.PutForwards(continuous, null).Model;
        Assert.False(elsewhere.CanScore);
        Assert.Contains("vector-Jacobian products", Assert.Throws<VocoderException>(() => elsewhere.Score(new float[80], new float[256], s_one)).Message,
            StringComparison.Ordinal);
        var odd = new LoadedVoice("odd", "odd", new WaveGlow(new WaveGlowConfig(80, 2, 6, 4, 2, new WaveGlowWaveNetConfig(1, 4, 3))), null);
        Assert.Contains("a hop of 256 samples is no whole number of groups of 6", Assert.Throws<VocoderException>(() => _engine.Put(odd, null)).Message,
            StringComparison.Ordinal);
    }
}
