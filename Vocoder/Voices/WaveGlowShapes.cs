using System.Globalization;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>
/// The configuration of a WaveGlow from the shapes of its tensors. They determine everything but the stride of the upsampling, the hop of the
/// mel (published: 256, with a kernel of 1024), and n_early_every where nothing leaves early, when it makes no difference.
/// </summary>
internal static class WaveGlowShapes
{
    /// <summary>The configuration of tensors under the names that <see cref="WaveGlowKeys"/> gives.</summary>
    /// <param name="tensors">The state dictionary, weights normalised (weight_v) or plain (weight).</param>
    /// <param name="hop">Samples of a mel frame.</param>
    /// <param name="source">Its file, named in errors.</param>
    /// <exception cref="VocoderException">A tensor that tells the shape is missing, or the shapes are not those of a WaveGlow.</exception>
    public static WaveGlowConfig Configuration(IReadOnlyDictionary<string, SafeTensor> tensors, int hop, string source)
    {
        int[] Shape(string name) => ShapeOf(tensors, name) ?? throw NoWaveGlow(source, name);
        int[] upsample = Shape("upsample.weight");
        List<int> widths = [.. Rows(tensors, k => Invariant($"convinv.{k}.conv.weight")).Select(shape => shape[0])];
        if (widths.Count == 0) Shape("convinv.0.conv.weight");
        int[] inner = Shape("WN.0.in_layers.0.weight");
        int layers = Rows(tensors, i => Invariant($"WN.0.in_layers.{i}.weight")).Count();
        // Channels leave at regular intervals, so the first time tells when and how many.
        int firstLeave = widths.FindIndex(width => width != widths[0]);
        var config = new WaveGlowConfig(upsample[1], widths.Count, widths[0], firstLeave < 0 ? widths.Count : firstLeave,
            firstLeave < 0 ? 0 : widths[0] - widths[firstLeave], new WaveGlowWaveNetConfig(layers, inner[1], inner[2]), upsample[2], hop);
        config.Validate(source);
        return config;
    }

    /// <summary>What is said of a file that lacks a tensor that every WaveGlow has.</summary>
    public static VocoderException NoWaveGlow(string source, string missing) =>
        new($"{source}: found no tensor '{missing}', expected the weights of a WaveGlow, or a voice that vocoder train wrote");

    // The shapes of tensors numbered from 0.
    private static IEnumerable<int[]> Rows(IReadOnlyDictionary<string, SafeTensor> tensors, Func<int, string> name) =>
        Enumerable.Range(0, tensors.Count).Select(i => ShapeOf(tensors, name(i))).TakeWhile(shape => shape != null)!;

    private static int[]? ShapeOf(IReadOnlyDictionary<string, SafeTensor> tensors, string weight) =>
        (tensors.GetValueOrDefault(weight) ?? tensors.GetValueOrDefault(weight + "_v")) is { Shape: { Length: 3 } shape } ? shape : null;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
