using System.Globalization;
using System.Runtime.InteropServices;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

/// <summary>The files that the reference implementation wrote, and what its config.json says must be in them.</summary>
internal static class WaveGlowFixture
{
    public static string Path(string name) =>
        System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_tiny", name);

    public static IReadOnlyDictionary<string, SafeTensor> Reference() => SafeTensorsFile.Read(Path("state_dict.safetensors")).Tensors;

    /// <summary>Names and shapes of 6 flows of 3 layers of 32 channels, groups of 8, 2 leaving every 2 flows, 8 mels.</summary>
    public static Dictionary<string, int[]> ExpectedShapes()
    {
        const int mels = 8, group = 8, layers = 3, channels = 32;
        var shapes = new Dictionary<string, int[]> { ["upsample.weight"] = [mels, mels, 1024], ["upsample.bias"] = [mels] };
        int[] widths = [8, 8, 6, 6, 4, 4];
        for (int k = 0; k < widths.Length; k++)
        {
            string wn = string.Create(CultureInfo.InvariantCulture, $"WN.{k}.");
            for (int i = 0; i < layers; i++)
            {
                Normed($"{wn}in_layers.{i}", 2 * channels, channels, 3);
                Normed($"{wn}res_skip_layers.{i}", i < layers - 1 ? 2 * channels : channels, channels, 1);
            }
            Normed(wn + "start", channels, widths[k] / 2, 1);
            Normed(wn + "cond_layer", 2 * channels * layers, mels * group, 1);
            shapes[wn + "end.weight"] = [widths[k], channels, 1];
            shapes[wn + "end.bias"] = [widths[k]];
            shapes[string.Create(CultureInfo.InvariantCulture, $"convinv.{k}.conv.weight")] = [widths[k], widths[k], 1];
        }
        return shapes;

        void Normed(string name, int outputs, int inputs, int kernel)
        {
            shapes[name + ".bias"] = [outputs];
            shapes[name + ".weight_g"] = [outputs, 1, 1];
            shapes[name + ".weight_v"] = [outputs, inputs, kernel];
        }
    }

    public static void AssertSameBits(IReadOnlyDictionary<string, SafeTensor> expected, IReadOnlyDictionary<string, SafeTensor> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, tensor) in expected)
        {
            Assert.Equal(tensor.Shape, actual[name].Shape);
            Assert.True(Bits(tensor.Data).SequenceEqual(Bits(actual[name].Data)), name);
        }
    }

    public static ReadOnlySpan<int> Bits(float[] data) => MemoryMarshal.Cast<float, int>(data);
}
