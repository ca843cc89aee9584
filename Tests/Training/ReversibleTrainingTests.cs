using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

public sealed class ReversibleTrainingTests : IDisposable
{
    private static readonly TrainingConfig s_config = TinyCorpus.Config with { Steps = 6, LogEvery = 1, ValidateEvery = 6, SaveEvery = 6, CropFrames = 8 };
    private readonly TempFolder _folder = new();

    public ReversibleTrainingTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private (TrainingReport[] Log, List<string> Told) Train(string name, TrainingConfig config, string? from = null)
    {
        var paths = new TrainingPaths(_folder["data"], _folder[name], "Tiny", "CC0-1.0", "vocoder train --tiny") { From = from };
        var told = new List<string>();
        TrainingRun.Train(paths, config, resume: false, threads: 1, null, null, default, told.Add);
        return ([.. TrainingLog.Read(paths.Log)], told);
    }

    [Fact]
    public void A_run_learns_what_it_learns_with_stored_activations()
    {
        var (stored, _) = Train("stored.safetensors", s_config);
        var (rebuilt, told) = Train("rebuilt.safetensors", s_config with { Reversible = true });
        Assert.DoesNotContain(told, line => line.StartsWith("warning", StringComparison.Ordinal));
        Assert.Equal(stored.Length, rebuilt.Length);
        foreach (var (a, b) in stored.Zip(rebuilt))
        {
            Assert.Equal(a.NatsPerSample, b.NatsPerSample, 1e-3);
            Assert.Equal(a.GradientNorm, b.GradientNorm, 1e-2 * a.GradientNorm);
        }
    }

    [Fact]
    public void Weights_that_cannot_be_undone_exactly_are_told()
    {
        var model = new CompactVocoder(s_config.Model, MelRecipe.ByName(s_config.Recipe), seed: 1);
        Parameter diagonal = model.Parameters.Items.First(p => p.Name.EndsWith("log_diagonal", StringComparison.Ordinal));
        diagonal.Value.Span[1] -= 14;
        diagonal.Value.MarkChanged();
        string voice = _folder["bent.safetensors"];
        AtomicFile.Write(voice, stream => VoiceFile.Of(model, "bent", "CC0", "made by a test", 1, new Dictionary<string, string>()).Write(stream));
        var (_, told) = Train("warned.safetensors", s_config with { Reversible = true, Steps = 2, LogEvery = 1 }, voice);
        string warning = Assert.Single(told, line => line.StartsWith("warning", StringComparison.Ordinal));
        Assert.Contains("activations were rebuilt to within", warning, StringComparison.Ordinal);
        Assert.Contains(diagonal.Name[..diagonal.Name.IndexOf(".conv", StringComparison.Ordinal)], warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FlowKind.Maf)]
    [InlineData(FlowKind.Iaf)]
    public void What_is_undone_step_by_step_is_refused(FlowKind kind) =>
        Assert.Contains("reversible is true, expected false for all but couplings",
            Assert.Throws<VocoderException>((s_config with { Reversible = true, Model = s_config.Model with { Flow = kind } }).Validate).Message,
                StringComparison.Ordinal);
}
