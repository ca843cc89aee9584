using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

/// <summary>The whole WaveNODE against the published implementation, on weights it drew.</summary>
public class WaveNodeParityTests(ITestOutputHelper output)
{
    private readonly PublishedVectors _vectors = new("wavenode_tiny", output);

    private WaveNode Load()
    {
        JsonElement json = _vectors.Config;
        int Number(string name) => json.GetProperty(name).GetInt32();
        var model = new WaveNode(new WaveNodeConfig
        {
            MelChannels = Number("cin_channel"), Blocks = Number("n_block"), FirstScale = Number("scale_init"), Scale = Number("scale"),
            SplitPeriod = Number("split_period"),
            Layers = Number("n_layer_wvn"), Channels = Number("n_channel_wvn"), DilationBase = Number("d_i"), PriorLayers = Number("prior_layers"),
            PriorChannels = Number("prior_channels"),
            Solver = "rk4", SolverSteps = Number("N_steps"),
        });
        _vectors.Load(model.Parameters);
        return model;
    }

    private Tensor[] Signs => [.. Enumerable.Range(0, 3).Select(i => _vectors.Tensor($"hutchinson_e_{i}"))];

    [Theory, InlineData("rk4_hutchinson"), InlineData("rk4_exact_trace")]
    public void Normalising_gives_the_published_densities(string name)
    {
        WaveNode model = Load();
        var ops = new CpuOps();
        bool exact = name == "rk4_exact_trace";
        foreach (ContinuousFlow flow in model.Flows) flow.Exact = exact;
        Tensor audio = _vectors.Tensor("audio");
        MultiScaleResult result = model.Forward(ops, audio, _vectors.Tensor("mel"), exact ? null : Signs);
        JsonElement expected = _vectors.Expected.GetProperty(name);
        _vectors.Check("loss", expected.GetProperty("loss").GetDouble(), result.Loss(ops).Item + 0.5 * Math.Log(2 * Math.PI));
        double logDet = result.LogDets.Where(layer => !layer.Layer.StartsWith("prior.", StringComparison.Ordinal))
            .Sum(layer => (double)layer.LogDet.Item) / audio.Size;
        _vectors.Check("log det", expected.GetProperty("log_det").GetDouble(), logDet);
        if (exact) _vectors.Check("after the first block", expected.GetProperty("per_block")[0].GetProperty("log_det_so_far_per_item").EnumerateArray()
            .Sum(v => v.GetDouble()), result.LogDets.Take(2).Sum(l => (double)l.LogDet.Item));
    }

    [Fact]
    public void Every_gradient_through_the_solver_is_the_published_one()
    {
        WaveNode model = Load();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(model.Forward(ops, _vectors.Tensor("audio"), _vectors.Tensor("mel"), Signs).Loss(ops));
        _vectors.CheckGradients(model.Parameters, "gradients_rk4_hutchinson");
    }

    [Fact]
    public void Generating_gives_the_published_audio_from_its_noise()
    {
        WaveNode model = Load();
        var ops = new CpuOps();
        // The published sampling squeezes all of its noise and draws that of splits anew: of the first, half is lost.
        Tensor noise = _vectors.Tensor("infer_noise");
        for (int i = 0; i < 3; i++) noise = ops.Fold(noise, i == 0 ? 4 : 2);
        Tensor last = ops.Fold(ops.Slice(noise, 0, noise.Channels / 2), 2);
        _vectors.Check("infer_audio", model.Generate(ops, _vectors.Tensor("mel"), [_vectors.Tensor("infer_split_noise_0"), last]));
    }

    [Fact]
    public void Audio_survives_the_round_trip()
    {
        WaveNode model = Load();
        var ops = new CpuOps();
        Tensor audio = _vectors.Tensor("audio"), mel = _vectors.Tensor("mel");
        _vectors.Check("audio", audio.Span, model.Generate(ops, mel, model.Forward(ops, audio, mel).Latents).Span);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        WaveNode model = Load();
        Assert.Equal("found 40 samples, expected a multiple of 32",
            Assert.Throws<VocoderException>(() => model.Forward(new CpuOps(), new Tensor(1, 1, 40), _vectors.Tensor("mel"))).Message);
        Assert.Equal("mel: found 2 bands, expected 3", Assert.Throws<VocoderException>(
            () => model.Forward(new CpuOps(), new Tensor(1, 1, 32), new Tensor(1, 2, 1))).Message);
        Assert.Equal("the number of solver steps is 0, expected 1 to 10000",
            Assert.Throws<VocoderException>(() => new WaveNode(new WaveNodeConfig { SolverSteps = 0 })).Message);
    }
}
