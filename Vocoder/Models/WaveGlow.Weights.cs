using System.Numerics.Tensors;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    /// <summary>
    /// Copies the weights from a state dictionary in the published layout, with weight normalisation (weight_g, weight_v) or after its
    /// removal (weight): then v is the weight and g its norm for each output channel.
    /// </summary>
    /// <param name="source">The file, named in errors.</param>
    /// <param name="find">Gives a tensor's shape and row-major data by name, or null.</param>
    /// <exception cref="VocoderException">A tensor is missing or has another shape, or there are more flows than configured.</exception>
    public void Load(string source, Func<string, (int[] Shape, float[] Data)?> find)
    {
        string surplus = $"convinv.{Config.Flows}.conv.weight";
        if (find(surplus) != null) throw new VocoderException($"{source}: found tensor '{surplus}', expected {Config.Flows} flows as configured");
        Dictionary<string, int[]> shapes = Parameters.Items.ToDictionary(p => p.Name, p => p.Shape, StringComparer.Ordinal);
        Parameters.Load(source, name => find(name) ?? Normalised(source, name, shapes, find));
    }

    private static (int[] Shape, float[] Data)? Normalised(string source, string name, Dictionary<string, int[]> shapes,
        Func<string, (int[] Shape, float[] Data)?> find)
    {
        bool gain = name.EndsWith(".weight_g", StringComparison.Ordinal);
        if (!gain && !name.EndsWith(".weight_v", StringComparison.Ordinal)) return null;
        string plain = name[..^2];
        if (find(plain) is not { } weight) return null;
        int[] shape = shapes[plain + "_v"];
        if (!weight.Shape.AsSpan().SequenceEqual(shape))
            throw new VocoderException($"{source}: tensor '{plain}' has shape [{string.Join(", ", weight.Shape)}], expected [{string.Join(", ", shape)}]");
        int inner = shape[1] * shape[2];
        var norms = new float[shape[0]];
        float[] direction = [.. weight.Data];
        for (int o = 0; o < norms.Length; o++)
        {
            norms[o] = TensorPrimitives.Norm(weight.Data.AsSpan(o * inner, inner));
            // A channel of zeros has no direction; any will do under a gain of 0.
            if (norms[o] == 0) direction[o * inner] = 1f;
        }
        return gain ? ([shape[0], 1, 1], norms) : (shape, direction);
    }
}
