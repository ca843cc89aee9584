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
            var samples = new float[stream.LookAheadFrames * 256];
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

    // Four decimals, and a measure of rounding errors that is the engine's own.
    [Theory]
    [InlineData("score a.wav", "")]
    [InlineData("score a.wav --voice teacher", "")]
    [InlineData("encode a.wav OUT.npz", "which decode to within .*")]
    [InlineData("decode latents.npz OUT.wav", "")]
    [InlineData("morph a.wav b.wav OUT.wav --at 0.5", "")]
    [InlineData("anomaly --fit normal a.wav --false-alarms 20", "")]
    [InlineData("evaluate --data normal --voice compact --limit 1 --match 0 --baseline noise-lp", @"### compact[\s\S]*?(?=### noise)|real-time[^\n]*")]
    public void Verbs_say_the_same_on_either_engine(string line, string own)
    {
        string[] recordings = ["a", "b"], mels = ["kathleen", "kerstin"];
        Directory.CreateDirectory(At("normal"));
        foreach (var (recording, mel) in recordings.Zip(mels))
        {
            LoadedVoice student = OnnxRun.Voice("student");
            float[] spoken = Synthesizer.Synthesize(student.Model, OnnxRun.Mel(mel).Data, student.Options with { Match = 1 }, new Parallelism(2));
            WavFile.Write(At($"{recording}.wav"), spoken, 22050);
            File.Copy(At($"{recording}.wav"), At($"normal/{recording}.wav"));
        }
        if (line.StartsWith("decode", StringComparison.Ordinal)) Assert.Equal("", Run("encode", At("a.wav"), At("latents.npz")).Error);
        string[] words = [.. line.Split(' ').Select(word => word.Contains('.') && !char.IsDigit(word[0]) || word == "normal" ? At(word) : word)];
        string Say(string engine)
        {
            using StringWriter output = new(), error = new();
            Assert.Equal((0, ""), (VocoderCommand.Run([.. words, "--engine", engine], output, error), error.ToString()));
            return own.Length == 0 ? output.ToString() : System.Text.RegularExpressions.Regex.Replace(output.ToString(), own, "");
        }
        string expected = Say("managed");
        float[] written = File.Exists(At("OUT.wav")) ? Recording.Read(At("OUT.wav"), 22050).Samples : [];
        Assert.Equal(expected, Say("onnx"));
        // Of 16 bits.
        if (written.Length > 0) Assert.All(Recording.Read(At("OUT.wav"), 22050).Samples.Zip(written), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    [Theory]
    [InlineData("score SPEECH.wav --voice student", "voice student scores step by step")]
    [InlineData("encode SPEECH.wav OUT.npz --voice student", "voice student scores step by step")]
    [InlineData("encode SPEECH.wav OUT.npz --voice teacher", "voice teacher speaks step by step")]
    [InlineData("score SPEECH.wav --device cuda:7", "the device cuda:7 is not there")]
    public void A_direction_that_has_no_graph_is_refused_in_one_line(string line, string message)
    {
        WavFile.Write(At("SPEECH.wav"), [.. Enumerable.Range(0, 4096).Select(i => 0.1f * MathF.Sin(0.05f * i))], 22050);
        var (error, code) = Run([.. line.Split(' ').Select(word => word.Contains('.') ? At(word) : word), "--engine", "onnx"]);
        Assert.Equal(1, code);
        Assert.Contains(message, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(File.Exists(At("OUT.npz")));
    }

    [Fact]
    public void A_graph_that_was_exported_is_evaluated_but_for_a_likelihood()
    {
        Directory.CreateDirectory(At("normal"));
        LoadedVoice student = OnnxRun.Voice("student");
        WavFile.Write(At("normal/a.wav"), Synthesizer.Synthesize(student.Model, OnnxRun.Mel("kathleen").Data, student.Options, new Parallelism(2)), 22050);
        Assert.Equal(("", 0), Run("export", "student", At("student.onnx")));
        Assert.Equal(("", 0), Run("evaluate", "--data", At("normal"), "--voice", At("student.onnx")));
        Assert.Contains("only speaks", Run("score", At("normal/a.wav"), "--voice", At("student.onnx")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_that_nobody_asked_for_are_one_and_the_doctor_says_so()
    {
        Assert.Equal(1, OnnxVocoder.Threads(new Parallelism()));
        Assert.Equal(3, OnnxVocoder.Threads(new Parallelism(3)));
        using StringWriter output = new(), error = new();
        VocoderCommand.Run(["doctor"], output, error, cancellation: TestContext.Current.CancellationToken);
        Assert.Matches("onnx +ONNX Runtime 1.*CPU; compact voices on one thread unless --threads asks for more", output.ToString());
    }

    private static (string Error, int Code) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = VocoderCommand.Run(arguments, output, error);
        return (error.ToString(), code);
    }
}
