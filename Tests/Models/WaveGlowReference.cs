using System.Text.Json;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

/// <summary>The small WaveGlow whose results were computed with the published implementation.</summary>
internal static class WaveGlowReference
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_tiny");

    public static string ConfigText => File.ReadAllText(Path.Combine(s_folder, "config.json"));

    public static WaveGlowConfig Config => WaveGlowConfig.FromJson(ConfigText, "config.json");

    public static JsonElement Expected => JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, "expected.json"))).RootElement;

    public static IReadOnlyDictionary<string, SafeTensor> Weights => SafeTensorsFile.Read(Path.Combine(s_folder, "state_dict.safetensors")).Tensors;

    public static IReadOnlyDictionary<string, SafeTensor> Gradients => SafeTensorsFile.Read(Path.Combine(s_folder, "gradients.safetensors")).Tensors;

    public static WaveGlow Load()
    {
        var model = new WaveGlow(Config);
        model.Load("state_dict.safetensors", Finder(Weights));
        return model;
    }

    public static Func<string, (int[], float[])?> Finder(IReadOnlyDictionary<string, SafeTensor> tensors) =>
        name => tensors.TryGetValue(name, out SafeTensor? tensor) ? (tensor.Shape, tensor.Data) : null;

    public static float[] Array(string name) => Npy.Read(Path.Combine(s_folder, name)).Data;

    /// <summary>An array of two or three axes; two are [batch, time] of one channel.</summary>
    public static Tensor Tensor(string name)
    {
        NpyArray array = Npy.Read(Path.Combine(s_folder, name));
        int[] shape = array.Shape;
        return FlowVocoder.Compute.Tensor.From(array.Data, shape[0], shape.Length == 3 ? shape[1] : 1, shape[^1]);
    }

    /// <summary>Maximum absolute and relative L2 error.</summary>
    public static (double MaxAbs, double RelativeL2) Error(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        double max = 0, difference = 0, energy = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double d = (double)found[i] - expected[i];
            max = Math.Max(max, Math.Abs(d));
            difference += d * d;
            energy += (double)expected[i] * expected[i];
        }
        return (max, Math.Sqrt(difference / energy));
    }
}
