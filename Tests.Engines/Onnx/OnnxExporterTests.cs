using FlowVocoder.Compute;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>What ONNX Runtime computes from an exported voice is what the voice says.</summary>
public class OnnxExporterTests
{
    [Theory]
    [InlineData("student", 0)]
    [InlineData("student", 3)]
    [InlineData("compact", 0)]
    [InlineData("compact", 1)]
    public void The_same_noise_gives_the_same_speech(string name, int match)
    {
        LoadedVoice voice = OnnxRun.Voice(name);
        var mel = OnnxRun.Mel("kathleen");
        int frames = mel.Data.Length / 80;
        float[] expected = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options with { Match = match }, new Parallelism(1));
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = match }));
        int group = ((FlowVocoder.Models.CompactVocoder)voice.Model).Config.Group;
        var (audio, shape) = run.Run(("mel", mel.Data.ToArray(), [1, 80, frames]), ("noise", OnnxRun.Noise(voice.Model, frames, 0), [1, group, frames * 256 / group]))["audio"];
        Assert.Equal([1, 1, frames * 256], shape);
        double error = OnnxRun.RelativeError(audio, expected);
        TestContext.Current.SendDiagnosticMessage($"{name}, {match} passes: {error}");
        Assert.True(error < 1e-3, $"relative error {error}");
    }
}
