using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;
using Google.Protobuf;
using global::Onnx;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>Programs that know nothing of this project speak with its graphs.</summary>
public sealed class OtherRuntimesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flowvocoder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    [Fact]
    public void The_checker_of_ONNX_finds_no_fault()
    {
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        using (var probe = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(python, ["-c", "import onnx"]) { RedirectStandardError = true })!)
        {
            probe.WaitForExit();
            Assert.SkipUnless(probe.ExitCode == 0, "Python has no onnx (python3-onnx)");
        }
        foreach (var options in (OnnxExportOptions[])[new(), new() { Streaming = true, NoiseInput = true },
            new() { Streaming = true, Match = 2, PitchInput = true }, new() { Task = OnnxTask.Score }, new() { Task = OnnxTask.Score, Streaming = true },
            new() { Task = OnnxTask.Decode }, new() { Task = OnnxTask.Decode, Streaming = true }])
        {
            File.WriteAllBytes(At("voice.onnx"), OnnxExporter.Export(OnnxRun.Voice(options.Task == OnnxTask.Speak ? "student" : "compact"), options));
            Node.Execute(python, "-c", "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)", At("voice.onnx"));
        }
    }

    [Theory]
    [InlineData("node", "onnxruntime-node")]
    [InlineData("web", "onnxruntime-web")]
    [InlineData("chromium", "onnxruntime-web")]
    public void JavaScript_speaks(string runtime, string package)
    {
        Node.Require(package);
        if (runtime == "chromium") Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "there is no Chromium in /usr/bin");
        LoadedVoice voice = OnnxRun.Voice("student");
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray(),
            expected = Synthesizer.Synthesize(voice.Model, mel, voice.Options with { Match = 1 }, new Parallelism(1));
        int frames = mel.Length / 80;
        File.WriteAllBytes(At("voice.onnx"), OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = 1 }));
        string[] call = [At("voice.onnx"), At("out.f32"), "mel", Node.Write(At("mel.f32"), mel), $"1,80,{frames}",
            "noise", Node.Write(At("noise.f32"), OnnxRun.Noise(voice.Model, frames, 0)), $"1,64,{frames * 4}"];
        if (runtime == "chromium") Node.Run("browser.mjs", ["-", .. call]);
        else Node.Run("speak.mjs", [runtime, .. call]);
        double error = OnnxRun.RelativeError(Node.Read(At("out.f32")), expected);
        Assert.True(error < 2e-3, $"relative error {error}");
    }

    // The documentation prints lines of scripts that run here.
    private static void IsPrinted(string document, params string[] scripts)
    {
        static string Squeeze(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
        string[] blocks = Printed(document, "js");
        Assert.Equal(scripts.Length, blocks.Length);
        for (int i = 0; i < blocks.Length; i++)
        {
            string script = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "scripts", scripts[i])).ReplaceLineEndings("\n");
            Assert.Contains(Squeeze(blocks[i]), Squeeze(script), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_example_that_scores_says_what_the_command_says()
    {
        IsPrinted("onnx.md", "score.cjs");
        Node.Require("onnxruntime-node");
        LoadedVoice student = OnnxRun.Voice("student"), judge = OnnxRun.Voice("compact");
        SynthesisOptions options = student.Options with { Match = 1 };
        WavFile.Write(At("speech.wav"), Synthesizer.Synthesize(student.Model, OnnxRun.Mel("kathleen").Data, options, new Parallelism(1)), 22050);
        foreach (string[] line in (string[][])[["encode", At("speech.wav"), At("speech.npy")], ["export", "compact", At("score.onnx"), "--score"]])
        {
            using StringWriter output = new(), error = new();
            Assert.Equal((0, ""), (Cli.VocoderCommand.Run(line, output, error, cancellation: TestContext.Current.CancellationToken), error.ToString()));
        }
        float[] audio = Recording.Read(At("speech.wav"), 22050).Samples;
        Node.Run("score.cjs", Node.Write(At("speech.f32"), audio), At("out.f32"));
        float[] scored = Node.Read(At("out.f32"));
        LatentSpeech latent = LatentFile.Read(At("speech.npy"), judge.Model.Recipe);
        Assert.Equal(judge.Model.Score(latent.Mel, audio, new Parallelism(1)).NatsPerSample, scored[0], 1e-4);
        Assert.InRange(OnnxRun.RelativeError(scored.AsSpan(1), latent.Z), 0, 1e-4);
    }

    [Fact]
    public void The_examples_of_the_documentation_run()
    {
        IsPrinted("pipelines.md", "pipelines.cjs", "sherpa.cjs");
        Node.Require("onnxruntime-node");
        SpeaksWhatIsGiven(mel => Node.Run("pipelines.cjs", mel, At("out.f32")));
    }

    [Fact]
    public void The_page_of_the_documentation_speaks_in_Chromium()
    {
        string page = Assert.Single(Printed("pipelines.md", "html"));
        Node.Require("onnxruntime-web");
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "there is no Chromium in /usr/bin");
        File.WriteAllText(At("page.html"), page);
        SpeaksWhatIsGiven(mel => Node.Run("browser.mjs", At("page.html"), At("student.onnx"), At("out.f32"), "mel", mel, "1"));
    }

    private static string[] Printed(string document, string language) =>
        [.. File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", document)).ReplaceLineEndings("\n").Split($"```{language}\n")[1..]
            .Select(part => part.Split("```")[0])];

    private void SpeaksWhatIsGiven(Action<string> speak)
    {
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray();
        File.WriteAllBytes(At("student.onnx"), OnnxExporter.Export(OnnxRun.Voice("student"), new OnnxExportOptions { Match = 1 }));
        speak(Node.Write(At("mel.f32"), mel));
        float[] speech = Node.Read(At("out.f32"));
        Assert.Equal(mel.Length / 80 * 256, speech.Length);
        Assert.InRange(new MelSpectrogram(MelRecipe.ByName("hifigan")).Compute(speech).Zip(mel, (x, y) => Math.Abs(x - y)).Average(), 0, 0.4);
    }

    [Fact]
    public void Sherpa_onnx_speaks_what_a_Matcha_model_says()
    {
        Node.Require("sherpa-onnx-node");
        LoadedVoice voice = OnnxRun.Voice("student");
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray();
        int frames = mel.Length / 80;
        File.WriteAllBytes(At("vocoder.onnx"), OnnxExporter.Export(voice, new OnnxExportOptions()));
        File.WriteAllBytes(At("acoustic.onnx"), AcousticModel(mel, frames));
        File.WriteAllText(At("lexicon.txt"), "你 n i3\n好 h ao3\n");
        File.WriteAllText(At("tokens.txt"), "_ 0\nn 1\ni3 2\nh 3\nao3 4\n, 5\n. 6\n! 7\n? 8\nsil 9\n");
        Node.Run("sherpa.cjs", At("acoustic.onnx"), At("vocoder.onnx"), At("lexicon.txt"), At("tokens.txt"), At("out.wav"));
        Recording recording = Recording.Read(At("out.wav"), 22050);
        Assert.Equal(frames * 256, recording.Samples.Length);
        // Its noise is its own; its mel is as near to the one that was given as that of our synthesis is.
        float[] own = Synthesizer.Synthesize(voice.Model, mel, voice.Options with { Seed = 1 }, new Parallelism(1));
        var spectrogram = new MelSpectrogram(MelRecipe.ByName("hifigan"));
        double Distance(float[] audio) => spectrogram.Compute(audio).Zip(mel, (x, y) => Math.Abs(x - y)).Average();
        Assert.InRange(Distance(recording.Samples), 0.8 * Distance(own), 1.25 * Distance(own));
    }

    // Matcha's inputs and metadata, and for any text one real mel.
    private static byte[] AcousticModel(float[] mel, int frames)
    {
        var graph = new Graph("acoustic");
        graph.Input("x", TensorProto.Types.DataType.Int64, 1, "length");
        graph.Input("x_length", TensorProto.Types.DataType.Int64, 1);
        graph.Input("noise_scale", TensorProto.Types.DataType.Float, 1);
        graph.Input("length_scale", TensorProto.Types.DataType.Float, 1);
        graph.Output(graph.Constant(mel, 1, 80, frames), "mel", TensorProto.Types.DataType.Float, 1, 80, "frames");
        var model = new ModelProto { IrVersion = 8, Graph = graph.Proto };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)[("model_type", "matcha-icefall"), ("sample_rate", "22050"), ("n_speakers", "1"),
            ("jieba", "1"), ("has_espeak", "0"),
            ("use_eos_bos", "0"), ("pad_id", "0"), ("num_ode_steps", "1"), ("language", "Chinese"), ("voice", "zh")])
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }
}
