using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

/// <summary>Both directions and every gradient against the published implementation, on weights it drew.</summary>
public class WaveGlowParityTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-4;

    [Fact]
    public void Normalising_gives_the_published_latent_determinants_and_losses()
    {
        var ops = new CpuOps();
        WaveGlowResult result = WaveGlowReference.Load().Forward(ops, WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy"));
        var expected = WaveGlowReference.Expected;
        Check("z", WaveGlowReference.Array("z.npy"), result.Latent.Span);
        Check("loss at 1", expected.GetProperty("loss_sigma_1").GetSingle(), result.Loss(ops, 1f));
        Check("loss at √½", expected.GetProperty("loss_sigma_sqrt_half").GetSingle(), result.Loss(ops, MathF.Sqrt(0.5f)));
        var logScales = expected.GetProperty("sum_log_s");
        var logDets = expected.GetProperty("log_det_W");
        Assert.Equal(logScales.GetArrayLength(), result.SumLogScale.Count);
        Assert.Equal(logDets.GetArrayLength(), result.LogDetConvolution.Count);
        for (int k = 0; k < result.SumLogScale.Count; k++)
        {
            Check($"Σ log s of flow {k}", logScales[k].GetSingle(), result.SumLogScale[k]);
            // Rotations: log |det W| is 0 but for rounding, which the published value (float32, times 768) consists of.
            float found = result.LogDetConvolution[k].Item, wanted = logDets[k].GetSingle();
            output.WriteLine($"log det W of flow {k}: {found:g6}, published {wanted:g6}");
            Assert.Equal(wanted, found, 768 * 1e-6f);
        }
    }

    [Fact]
    public void The_determinants_of_scaled_convolutions_are_those_of_the_scale()
    {
        // The published rotations have log det 0, so a wrong factor would not show: 2·W has c·log 2 more.
        WaveGlow model = WaveGlowReference.Load();
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.StartsWith("convinv", StringComparison.Ordinal)))
        {
            foreach (ref float w in p.Value.Span) w *= 2;
            p.Value.MarkChanged();
        }
        WaveGlowResult result = model.Forward(new CpuOps(), WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy"));
        int[] channels = [8, 8, 6, 6, 4, 4];
        for (int k = 0; k < channels.Length; k++) Assert.Equal(768 * channels[k] * Math.Log(2), result.LogDetConvolution[k].Item, 0.01);
    }

    [Fact]
    public void Every_gradient_is_the_published_one()
    {
        WaveGlow model = WaveGlowReference.Load();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        void Step() => tape.Backward(model.Forward(ops, WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy")).Loss(ops, 1f));
        // The second step works in the memory of the first.
        Step();
        ops.Reset();
        foreach (Parameter p in model.Parameters.Items) p.Value.Grad = null;
        Step();
        IReadOnlyDictionary<string, SafeTensor> expected = WaveGlowReference.Gradients;
        Assert.Equal(expected.Keys.Order(), model.Parameters.Items.Select(p => p.Name).Order());
        foreach (Parameter p in model.Parameters.Items)
        {
            Assert.Equal(expected[p.Name].Shape, p.Shape);
            Assert.NotNull(p.Value.Grad);
            Check(p.Name, expected[p.Name].Data, p.Value.Grad.Span);
        }
    }

    [Fact]
    public void Generating_gives_the_published_audio_from_its_noise()
    {
        WaveGlow model = WaveGlowReference.Load();
        float sigma = WaveGlowReference.Expected.GetProperty("infer_sigma").GetSingle();
        Tensor[] noise = [.. Enumerable.Range(0, 3).Select(i => WaveGlowReference.Tensor($"infer_noise_{i}.npy"))];
        Assert.Equal(noise.Select(part => part.Channels), model.NoiseChannels);
        foreach (Tensor part in noise)
            foreach (ref float z in part.Span) z *= sigma;
        Tensor audio = model.Generate(new CpuOps(), WaveGlowReference.Tensor("mel.npy"), noise);
        Check("audio", WaveGlowReference.Array("infer_audio.npy"), audio.Span);
    }

    [Fact]
    public void Weights_after_removal_of_weight_normalisation_give_the_same()
    {
        var plain = new Dictionary<string, SafeTensor>(WaveGlowReference.Weights);
        foreach (string name in plain.Keys.Where(name => name.EndsWith(".weight_v", StringComparison.Ordinal)).ToList())
        {
            string stem = name[..^2];
            float[] gain = plain[stem + "_g"].Data, v = plain[name].Data, weight = new float[v.Length];
            int inner = v.Length / gain.Length;
            for (int i = 0; i < v.Length; i++)
            {
                double norm = Math.Sqrt(v.AsSpan(i / inner * inner, inner).ToArray().Sum(x => (double)x * x));
                weight[i] = (float)(gain[i / inner] * v[i] / norm);
            }
            plain[stem] = new SafeTensor(plain[name].Shape, weight);
            plain.Remove(name);
            plain.Remove(stem + "_g");
        }
        Assert.DoesNotContain(plain.Keys, name => name.Contains("weight_", StringComparison.Ordinal));
        var model = new WaveGlow(WaveGlowReference.Config);
        model.Load("plain", WaveGlowReference.Finder(plain));
        WaveGlowResult result = model.Forward(new CpuOps(), WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy"));
        Check("z", WaveGlowReference.Array("z.npy"), result.Latent.Span);
    }

    private void Check(string name, float expected, Tensor found) => Check(name, [expected], [found.Item]);

    private void Check(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        var (max, relative) = WaveGlowReference.Error(expected, found);
        output.WriteLine($"{name}: max abs {max:g3}, relative L2 {relative:g3}");
        Assert.True(relative <= Tolerance, $"{name}: relative L2 error {relative:g3} (max abs {max:g3}), expected at most {Tolerance}");
    }
}
