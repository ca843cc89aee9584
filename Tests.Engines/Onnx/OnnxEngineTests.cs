using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.OnnxRuntime;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>Voices on ONNX Runtime, as the command uses them.</summary>
public sealed class OnnxEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flowvocoder-").FullName;
    private readonly OnnxEngine _engine = new();

    public OnnxEngineTests() => VoiceEngine.Register(_engine);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    [Theory]
    [InlineData("student", 2, 3UL, 0, 1)]
    [InlineData("student", 1, 0UL, -7, 2)]
    [InlineData("compact", 0, 0UL, 2.5f, 2)]
    public void A_voice_says_the_same_on_either_engine(string name, int match, ulong seed, float pitch, int threads)
    {
        LoadedVoice voice = OnnxRun.Voice(name), elsewhere = _engine.Put(voice, "cpu");
        var mel = OnnxRun.Mel("kathleen").Data;
        SynthesisOptions options = voice.Options with { Match = match, Seed = seed, Sigma = 0.8f, PitchShift = pitch };
        float[] expected = Synthesizer.Synthesize(voice.Model, mel, options, new Parallelism(1)),
            actual = Synthesizer.Synthesize(elsewhere.Model, mel, options, new Parallelism(threads));
        Assert.InRange(OnnxRun.RelativeError(actual, expected), 0, 1e-3);
    }

    [Fact]
    public void A_stream_of_single_frames_saved_and_restored_goes_on()
    {
        LoadedVoice voice = OnnxRun.Voice("student"), elsewhere = _engine.Put(voice, null);
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray();
        int frames = 50, all = mel.Length / 80;
        float[] Frame(int i) => [.. Enumerable.Range(0, 80).Select(b => mel[b * all + i + 60])];
        float[] Speak(VocoderModel model, int saveAt)
        {
            VocoderStream stream = model.NewStream(new SynthesisOptions(), new Parallelism(1));
            var spoken = new List<float>();
            float[] samples = new float[4 * 256];
            for (int i = 0; i < frames; i++)
            {
                if (i == saveAt)
                {
                    using var state = new MemoryStream();
                    stream.SaveState(state);
                    state.Position = 0;
                    stream = model.NewStream(new SynthesisOptions(), new Parallelism(1));
                    stream.RestoreState(state);
                }
                spoken.AddRange(samples[..stream.Push(Frame(i), samples)]);
            }
            spoken.AddRange(samples[..stream.Flush(samples)]);
            return [.. spoken];
        }
        float[] whole = Speak(elsewhere.Model, -1);
        Assert.Equal(frames * 256, whole.Length);
        Assert.Equal(whole, Speak(elsewhere.Model, 20));
        Assert.InRange(OnnxRun.RelativeError(whole, Speak(voice.Model, -1)), 0, 1e-3);
    }

    [Fact]
    public void The_command_speaks_with_the_engine_and_with_graphs_from_files()
    {
        string mel = Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy"), graph = At("voice.onnx");
        int samples = OnnxRun.Mel("kathleen").Data.Length / 80 * 256;
        Assert.Equal(("", 0), Run("synth", mel, At("engine.wav"), "--engine", "onnx"));
        Assert.Equal(("", 0), Run("export", "student", graph));
        Assert.Equal(("", 0), Run("synth", mel, At("graph.wav"), "--voice", graph));
        foreach (string wav in (string[])["engine.wav", "graph.wav"]) Assert.Equal(samples, Recording.Read(At(wav), 22050).Samples.Length);
    }

    [Theory]
    [InlineData("--engine onnx --device cuda:7", "the device cuda:7 is not there")]
    [InlineData("--engine onnx --device tpu", "found the device 'tpu', expected cpu, cuda or cuda:N")]
    [InlineData("--engine onnx --voice teacher", "speaks step by step")]
    [InlineData("--engine onnx --precision bfloat16", "the engine onnx computes in float32, found bfloat16, which torch has")]
    [InlineData("--voice NOISE.onnx", "the graph has 2 inputs (mel, noise), expected one")]
    [InlineData("--voice BROKEN.onnx", "ONNX Runtime does not run the graph")]
    public void What_cannot_be_is_said_in_one_line(string options, string message)
    {
        File.WriteAllBytes(At("NOISE.onnx"), OnnxExporter.Export(OnnxRun.Voice("student"), new OnnxExportOptions { NoiseInput = true }));
        File.WriteAllText(At("BROKEN.onnx"), "no graph");
        string mel = Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy");
        var (error, code) = Run(["synth", mel, At("out.wav"),
            .. options.Split(' ').Select(word => word.EndsWith(".onnx", StringComparison.Ordinal) ? At(word) : word)]);
        Assert.NotEqual(0, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(At("out.wav")));
    }

    [Theory]
    [InlineData("score SPEECH.wav")]
    [InlineData("encode SPEECH.wav OUT.npz")]
    [InlineData("anomaly --fit . SPEECH.wav")]
    public void What_only_speaks_is_not_asked_for_latents(string line)
    {
        WavFile.Write(At("SPEECH.wav"), new float[4096], 22050);
        var (error, code) = Run([.. line.Split(' ').Select(word => word.Contains('.') ? At(word) : word), "--engine", "onnx"]);
        Assert.Equal((1, "vocoder: the engine onnx only speaks, expected managed or torch"), (code, error.TrimEnd()));
        Assert.False(File.Exists(At("OUT.npz")));
    }

    private static (string Error, int Code) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = VocoderCommand.Run(arguments, output, error);
        return (error.ToString(), code);
    }
}
