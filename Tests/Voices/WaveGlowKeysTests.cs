using System.Globalization;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class WaveGlowKeysTests
{
    [Fact]
    public void Names_of_the_newest_layout_pass_through()
    {
        var reference = WaveGlowFixture.Reference();
        var normalized = WaveGlowKeys.Normalize(reference, "x");
        Assert.Equal(reference.Keys, normalized.Keys);
        Assert.All(reference, pair => Assert.Same(pair.Value, normalized[pair.Key]));
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("waveglow.")]
    [InlineData("waveglow.module.")]
    [InlineData("_orig_mod.")]
    [InlineData("module._orig_mod.")]
    [InlineData("model.")]
    [InlineData("net.generator._fsdp_wrapped_module.")]
    public void Prefixes_go(string prefix)
    {
        var reference = WaveGlowFixture.Reference();
        var prefixed = reference.ToDictionary(pair => prefix + pair.Key, pair => pair.Value);
        WaveGlowFixture.AssertSameBits(reference, WaveGlowKeys.Normalize(prefixed, "x"));
    }

    /// <summary>torch.compile and activation checkpointing may wrap single modules.</summary>
    [Fact]
    public void Wrappers_within_the_model_go_and_parametrised_weight_norm_is_weight_norm()
    {
        var reference = WaveGlowFixture.Reference();
        var wrapped = reference.ToDictionary(pair => pair.Key.Replace("in_layers.1.", "in_layers.1._orig_mod.", StringComparison.Ordinal)
            .Replace("WN.2.", "WN.2._checkpoint_wrapped_module.", StringComparison.Ordinal)
            .Replace(".weight_g", ".parametrizations.weight.original0", StringComparison.Ordinal)
            .Replace(".weight_v", ".parametrizations.weight.original1", StringComparison.Ordinal), pair => pair.Value);
        Assert.Contains("WN.2._checkpoint_wrapped_module.in_layers.1._orig_mod.parametrizations.weight.original0", wrapped.Keys);
        WaveGlowFixture.AssertSameBits(reference, WaveGlowKeys.Normalize(wrapped, "x"));
    }

    // WaveGlowModule of nemo.collections.tts.
    [Fact]
    public void The_names_of_NeMo_are_known()
    {
        var reference = WaveGlowFixture.Reference();
        var tensors = reference.ToDictionary(pair => "waveglow." + pair.Key.Replace("WN.", "wavenet.", StringComparison.Ordinal), pair => pair.Value);
        tensors["waveglow.convinv.0.inv_conv.weight"] = reference["convinv.0.conv.weight"];
        tensors["audio_to_melspec_precessor.featurizer.window"] = new SafeTensor([1], [1]);
        WaveGlowFixture.AssertSameBits(reference, WaveGlowKeys.Normalize(tensors, "x"));
    }

    [Fact]
    public void What_lies_beside_the_model_is_left_out()
    {
        var reference = WaveGlowFixture.Reference();
        var tensors = reference.ToDictionary(pair => "generator." + pair.Key, pair => pair.Value);
        tensors["discriminator.upsample.bias"] = tensors["WN.0.end.weight"] = tensors["denoiser.bias_spec"] = new SafeTensor([1], [1]);
        tensors["generator.num_batches_tracked"] = new SafeTensor(TensorDtype.I64, [], new byte[8]);
        WaveGlowFixture.AssertSameBits(reference, WaveGlowKeys.Normalize(tensors, "x"));
    }

    [Fact]
    public void Of_two_models_none_is_guessed()
    {
        var reference = WaveGlowFixture.Reference();
        var two = reference.Concat(reference.Select(pair => KeyValuePair.Create("ema.module." + pair.Key, pair.Value)));
        var error = Assert.Throws<VocoderException>(() => WaveGlowKeys.Normalize(new Dictionary<string, SafeTensor>(two), "x"));
        Assert.Equal("x: found WaveGlow models under '', 'ema.', expected one", error.Message);
    }

    /// <summary>The oldest layout, cut from the newest: any order of the parts in the file joins to the original.</summary>
    [Fact]
    public void Split_layers_join_to_the_fused_ones()
    {
        var reference = WaveGlowFixture.Reference();
        var split = new List<KeyValuePair<string, SafeTensor>>();
        foreach (var (name, tensor) in reference)
        {
            if (name.Contains("cond_layer", StringComparison.Ordinal))
            {
                split.AddRange(Cut(tensor, 3).Select((part, i) => KeyValuePair.Create(
                    name.Replace("cond_layer", string.Create(CultureInfo.InvariantCulture, $"cond_layers.{i}"), StringComparison.Ordinal), part)));
            }
            else if (name.Contains("res_skip_layers.2", StringComparison.Ordinal))
            {
                split.Add(new(name.Replace("res_skip", "skip", StringComparison.Ordinal), tensor));
            }
            else if (name.Contains("res_skip", StringComparison.Ordinal))
            {
                var parts = Cut(tensor, 2);
                split.Add(new(name.Replace("res_skip", "skip", StringComparison.Ordinal), parts[1]));
                split.Add(new(name.Replace("res_skip", "res", StringComparison.Ordinal), parts[0]));
            }
            else
            {
                split.Add(new(name, tensor));
            }
        }
        split.Reverse();
        WaveGlowFixture.AssertSameBits(reference, WaveGlowKeys.Normalize(new Dictionary<string, SafeTensor>(split), "x"));
    }

    [Fact]
    public void Weights_without_norm_keep_their_name_and_join_too()
    {
        var normalized = WaveGlowKeys.Normalize(Tensors(("WN.0.start.weight", 1), ("WN.0.cond_layers.1.weight", 2), ("WN.0.cond_layers.0.weight", 1)), "x");
        Assert.Equal(["WN.0.start.weight", "WN.0.cond_layer.weight"], normalized.Keys);
        Assert.Equal([3, 2], normalized["WN.0.cond_layer.weight"].Shape);
        Assert.Equal([1f, 1f, 2f, 2f, 2f, 2f], normalized["WN.0.cond_layer.weight"].Data);
    }

    [Theory]
    [InlineData("WN.0.cond_layers.0.bias", "WN.0.cond_layers.2.bias")]
    [InlineData("WN.0.cond_layers.1.bias", "WN.0.cond_layers.2.bias")]
    [InlineData("WN.0.cond_layers.0.bias", "WN.0.cond_layers.00.bias")]
    [InlineData("WN.0.cond_layer.bias", "WN.0.cond_layers.0.bias")]
    [InlineData("WN.0.res_skip_layers.0.bias", "WN.0.res_layers.0.bias")]
    [InlineData("WN.0.res_skip_layers.0.bias", "WN.0.skip_layers.0.bias")]
    [InlineData("WN.0.res_layers.0.bias", "upsample.bias")]
    [InlineData("module.upsample.bias", "upsample.bias")]
    public void Incomplete_or_mixed_layouts_are_refused(string first, string second)
    {
        var error = Assert.Throws<VocoderException>(() => WaveGlowKeys.Normalize(Tensors((first, 1), (second, 1)), "old.pt"));
        Assert.StartsWith("old.pt: tensor ", error.Message, StringComparison.Ordinal);
        Assert.Contains(first, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_other_shapes_are_refused()
    {
        var tensors = new Dictionary<string, SafeTensor>
        {
            ["WN.0.cond_layers.0.weight"] = new([1, 2], [1, 2]),
            ["WN.0.cond_layers.1.weight"] = new([1, 3], [1, 2, 3]),
        };
        var error = Assert.Throws<VocoderException>(() => WaveGlowKeys.Normalize(tensors, "old.pt"));
        Assert.Contains("[1, 3], expected floats that continue [1, 2]", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Tensors of shape [rows, 2], filled with the number of their rows.</summary>
    private static Dictionary<string, SafeTensor> Tensors(params (string Name, int Rows)[] tensors) =>
        tensors.ToDictionary(t => t.Name, t => new SafeTensor([t.Rows, 2], [.. Enumerable.Repeat((float)t.Rows, 2 * t.Rows)]));

    private static SafeTensor[] Cut(SafeTensor tensor, int parts) =>
        [.. tensor.Data.Chunk(tensor.Data.Length / parts).Select(data => new SafeTensor([tensor.Shape[0] / parts, .. tensor.Shape[1..]], data))];
}
