using System.Globalization;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>What names and shapes tell of a published ClariNet, teacher or student.</summary>
/// <param name="tensors">Its tensors.</param>
/// <param name="path">Their file, for errors.</param>
/// <param name="family">What they should be, for errors.</param>
internal sealed class ClariNetKeys(IReadOnlyDictionary<string, SafeTensor> tensors, string path, string family)
{
    private const string Upsampling = ClariNetVocoder.Upsampling;

    /// <summary>Scales of the transposed convolutions, whose kernels are twice as long; none where there are none.</summary>
    public int[] UpsampleScales => [.. Enumerable.Range(0, Count(i => Invariant($"{Upsampling}.{2 * i}.weight_v")))
        .Select(i => ShapeOf(Invariant($"{Upsampling}.{2 * i}.weight_v"))[^1] / 2)];

    /// <summary>How many names there are, counted from 0.</summary>
    public int Count(Func<int, string> name) => Enumerable.Range(0, tensors.Count).TakeWhile(i => tensors.ContainsKey(name(i))).Count();

    /// <summary>The shape of a convolution's weights.</summary>
    /// <exception cref="VocoderException">There is none of that name.</exception>
    public int[] ShapeOf(string name) => tensors.GetValueOrDefault(name) is { Shape: { Length: >= 3 } shape } ? shape
        : throw new VocoderException($"{path}: found no tensor '{name}' of three axes or more, expected the weights of {family}");

    /// <summary>Blocks of a network, each of so many layers.</summary>
    /// <exception cref="VocoderException">Its layers make no whole number of blocks.</exception>
    public int Blocks(string prefix, string what, int layersOfBlock, string beside)
    {
        int layers = Count(i => Invariant($"{prefix}res_blocks.{i}.res_conv.weight_v"));
        return layers > 0 && layersOfBlock > 0 && layers % layersOfBlock == 0 ? layers / layersOfBlock
            : throw new VocoderException(
                $"{path}: {what} has {layers} layers, expected blocks of {layersOfBlock}; {beside} may say how many: {{\"layers\": 8}}");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
