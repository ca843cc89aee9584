using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Cli;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

/// <summary>ClariNet's student and its teacher's up-sampling as a voice.</summary>
public sealed class ClariNetVoiceTests : IDisposable
{
    private readonly PublishedVectors _vectors = new("clarinet_tiny");
    private readonly TempFolder _folder = new();

    private static readonly ClariNetConfig s_small = ClariNetModels.Small;

    public void Dispose() => _folder.Dispose();

    // The vectors have blocks of three layers, which no shape tells.
    private string Student(string json = "{\"layers\": 3}")
    {
        File.Copy(Path.Combine(_vectors.Folder, "student_state_dict.safetensors"), _folder["student.safetensors"], overwrite: true);
        File.WriteAllText(_folder["student.json"], json);
        return _folder["student.safetensors"];
    }

    private string Teacher => Path.Combine(_vectors.Folder, "teacher_state_dict.safetensors");

    [Fact]
    public void A_published_student_and_its_teacher_become_a_voice_that_speaks_as_published()
    {
        string voice = _folder["voice.safetensors"];
        CliResult result = CliFixture.Run("import", Student(), voice, "--teacher", Teacher, "--licence", "MIT").Succeeds();
        Assert.StartsWith($"{voice}: clarinet of ", result.Output, StringComparison.Ordinal);
        LoadedVoice loaded = VoiceLibrary.Load(voice);
        var model = Assert.IsType<ClariNet>(loaded.Model);
        Assert.Equal((1f, "flowavenet", 6, 256), (loaded.Sigma, model.Recipe.Name, model.Recipe.Bands, model.Recipe.HopSize));
        ClariNetConfig expected = new()
        {
            MelChannels = 6, Blocks = [1, 1, 2], Layers = 3, FrontTaps = 16, Residual = 8, Gate = 10, Skip = 8, Kernel = 3,
        };
        Assert.Equal(expected.ToJson(), model.ConfigJson);
        var ops = new CpuOps();
        Tensor condition = model.Upsample(ops, _vectors.Tensor("mel"));
        _vectors.Check("mel_upsampled", condition);
        _vectors.Check("student_audio", model.Student.Speak(ops, _vectors.Tensor("student_noise"), condition, isStart: true));
        CliFixture.Run("info", voice).Succeeds();
    }

    [Fact]
    public void A_published_teacher_becomes_a_voice_that_speaks_as_published_and_can_teach()
    {
        File.Copy(Teacher, _folder["teacher.safetensors"]);
        File.WriteAllText(_folder["teacher.json"], "{\"layers\": 3}");
        string voice = _folder["voice.safetensors"];
        CliFixture.Run("import", _folder["teacher.safetensors"], voice).Succeeds();
        var model = Assert.IsType<ClariNetTeacher>(VoiceLibrary.Load(voice).Model);
        ClariNetTeacherConfig expected = new() { MelChannels = 6, Blocks = 2, Layers = 3, Residual = 8, Gate = 12, Skip = 8, Kernel = 2 };
        Assert.Equal(expected.ToJson(), model.ConfigJson);
        float[] noise = _vectors.Array("teacher_generate_noise");
        var ops = new CpuOps();
        Tensor condition = ops.Crop(ops.Take(model.Upsample(ops, _vectors.Tensor("mel")), [0]), 0, noise.Length);
        _vectors.Check("teacher_generate_audio", model.Speak(ops, Tensor.From(noise, 1, 1, noise.Length), condition, isStart: true));
        Assert.Contains("step by step (an autoregressive teacher)", CliFixture.Run("info", voice).Succeeds().Output, StringComparison.Ordinal);
        CliFixture.Run("export", voice, _folder["teacher.onnx"]).Fails(1, "clarinet-teacher");
    }

    // The noise of a stream is that of its seed, sample by sample.
    [Fact]
    public void A_stream_is_the_student_of_the_whole_mel()
    {
        ClariNet model = ClariNetModels.Shaken(s_small);
        const int Frames = 9;
        float[] mel = [.. Enumerable.Range(0, Frames * 4).Select(i => 0.5f + 0.4f * MathF.Sin(i))];
        var ops = new CpuOps();
        Tensor noise = ops.Rent(1, 1, Frames * 32);
        new Philox(7).Normal(noise.Span, 0, 0, 0);
        foreach (ref float z in noise.Span) z *= 0.8f;
        ClariNetSpeech speech = model.Student.Generate(ops, noise, model.Upsample(ops, Tensor.From(mel, 1, 4, Frames)));
        float[] spoken = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Sigma = 0.8f, Seed = 7, Match = 0 }, new Parallelism(1));
        Samples.SameBits(speech.Audio.Span, spoken, "whole");
    }

    [Fact]
    public void What_is_missing_or_does_not_fit_is_told()
    {
        string output = _folder["none.safetensors"], student = Student();
        CliFixture.Run("import", student, output)
            .Fails(1, "is the student of a ClariNet, which hears mels through its teacher, expected that too: vocoder import STUDENT");
        CliFixture.Run("import", Teacher, output, "--teacher", student)
            .Fails(1, "is a ClariNet's teacher, which has no teacher, expected none to be named");
        CliFixture.Run("import", Teacher, output).Fails(1, "it has 6 layers, expected blocks of 10");
        CliFixture.Run("import", student, output, "--teacher", student).Fails(1, "is the student of a ClariNet, which hears mels through its teacher");
        CliFixture.Run("import", student, output, "--teacher", Teacher, "--recipe", "nvidia").Fails(1, "is a ClariNet, whose recipe of mels is known");
        string glow = Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_tiny", "state_dict.safetensors");
        CliFixture.Run("import", glow, output, "--teacher", Teacher).Fails(1, "is a WaveGlow, which has no teacher, expected none to be named");
        CliFixture.Run("import", Student("{\"layers\": 2}"), output, "--teacher", Teacher).Fails(1, "flow 0 has 3 layers, expected blocks of 2");
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Configurations_that_cannot_be_built_are_refused()
    {
        static string Message(ClariNetConfig config) => Assert.Throws<VocoderException>(() => new ClariNet(config)).Message;
        static string TeacherMessage(ClariNetTeacherConfig config) => Assert.Throws<VocoderException>(() => new ClariNetTeacher(config)).Message;
        Assert.Equal("configuration: blocks is 0, expected 1 to 16", TeacherMessage(ClariNetModels.SmallTeacher with { Blocks = 0 }));
        Assert.Equal("configuration: layers is 12, expected dilations 16^(layers - 1) of at most 1048576",
            TeacherMessage(ClariNetModels.SmallTeacher with { Layers = 12, Kernel = 16 }));
        Assert.Equal("configuration: layers is 0, expected 1 to 12", Message(s_small with { Layers = 0 }));
        Assert.Equal("configuration: blocks is 1,0, expected 1 to 32 numbers of 1 to 16", Message(s_small with { Blocks = [1, 0] }));
        Assert.Equal("configuration: upsample_scales is 3, expected one to four even numbers of 2 to 64", Message(s_small with { UpsampleScales = [3] }));
    }
}
