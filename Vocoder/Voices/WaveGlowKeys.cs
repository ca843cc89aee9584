using System.Globalization;
using System.Text.RegularExpressions;

namespace FlowVocoder.Voices;

/// <summary>
/// Brings the names of all published WaveGlow checkpoints to those of the newest layout. Older layouts keep one conditioning
/// convolution per layer (<c>cond_layers.i</c>), the oldest also separate <c>res_layers.i</c> and <c>skip_layers.i</c>; joined
/// along the output channels they equal <c>cond_layer</c> and <c>res_skip_layers.i</c>, weight norm included, because that
/// works on each output channel alone. Source: convert_model.py of https://github.com/NVIDIA/waveglow.
/// Weight norm as a parametrisation (torch.nn.utils.parametrizations.weight_norm, PyTorch 2.1 and later) keeps gain and direction as
/// <c>parametrizations.weight.original0</c> and <c>original1</c>: the <c>weight_g</c> and <c>weight_v</c> of before.
/// NeMo calls WN <c>wavenet</c>, and a model that has spoken keeps inverses of the 1×1 convolutions (<c>inv_conv</c>), which are computed anew.
/// Weights whose norm was removed (plain <c>.weight</c>) keep that name.
/// The model may lie under any prefix, and its modules in the wrappers of DataParallel, torch.compile, FSDP and checkpointing. What lies beside
/// it (losses, windows of transforms, optimisers) is left out.
/// </summary>
public static partial class WaveGlowKeys
{
    private static readonly string[] s_wrappers = ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

    /// <summary>Returns the tensors under their newest names; those that need no joining are passed on as they are.</summary>
    /// <param name="tensors">Names and tensors of a checkpoint.</param>
    /// <param name="file">The file they come from, for errors.</param>
    /// <exception cref="VocoderException">
    /// Two models or two layouts at once, a layer missing from a row, or parts that do not fit together.
    /// </exception>
    public static IReadOnlyDictionary<string, SafeTensor> Normalize(IReadOnlyDictionary<string, SafeTensor> tensors, string file)
    {
        string prefix = Prefix(tensors.Keys, file);
        var result = new OrderedDictionary<string, List<Part>>(StringComparer.Ordinal);
        foreach (var (fullName, tensor) in tensors)
        {
            string name = Unwrapped(fullName);
            if (!name.StartsWith(prefix, StringComparison.Ordinal) || !Member().IsMatch(name.AsSpan(prefix.Length))) continue;
            var (target, order) = Target(name[prefix.Length..]);
            if (!result.TryGetValue(target, out var parts))
            {
                result.Add(target, parts = []);
            }
            parts.Add(new Part(fullName, order, tensor));
        }
        var joined = new OrderedDictionary<string, SafeTensor>(StringComparer.Ordinal);
        foreach (var (target, parts) in result)
        {
            joined.Add(target, Join(target, parts, file));
        }
        return joined;
    }

    // What stands before the names of the model, told by the tensor that is there once in every checkpoint; nothing where there is none.
    private static string Prefix(IEnumerable<string> names, string file)
    {
        IEnumerable<string> upsampling = names.Where(IsUpsampling).Select(Unwrapped);
        string[] found = [.. upsampling.Select(name => name[..name.LastIndexOf(UpsamplingName, StringComparison.Ordinal)]).Distinct()];
        return found.Length < 2 ? found.FirstOrDefault("")
            : throw new VocoderException($"{file}: found WaveGlow models under {VoiceFiles.FirstFew(found)}, expected one");
    }

    /// <param name="Name">The name in the checkpoint.</param>
    /// <param name="Order">Its place along the output channels, or null for a tensor that stands alone.</param>
    /// <param name="Tensor">Its values.</param>
    private sealed record Part(string Name, int? Order, SafeTensor Tensor);

    private const string UpsamplingName = "upsample.weight";

    /// <summary>Whether a name is that of the upsampling's weight, which every checkpoint has, under whatever prefix.</summary>
    public static bool IsUpsampling(string name) => Upsampling().IsMatch(Unwrapped(name));

    private static string Unwrapped(string name)
    {
        string inner = string.Join('.', name.Split('.').Where(part => !s_wrappers.Contains(part)).Select(part => part == "wavenet" ? "WN" : part));
        return inner.Replace(".parametrizations.weight.original0", ".weight_g", StringComparison.Ordinal)
            .Replace(".parametrizations.weight.original1", ".weight_v", StringComparison.Ordinal);
    }

    private static (string Target, int? Order) Target(string name)
    {
        if (Conditioning().Match(name) is { Success: true } cond)
        {
            return ($"{cond.Groups[1]}.cond_layer.{cond.Groups[3]}", int.Parse(cond.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
        }
        if (ResidualOrSkip().Match(name) is { Success: true } layer)
        {
            return ($"{layer.Groups[1]}.res_skip_layers.{layer.Groups[3]}", layer.Groups[2].Value == "res" ? 0 : 1);
        }
        return (name, null);
    }

    private static SafeTensor Join(string target, List<Part> parts, string file)
    {
        if (parts is [{ Order: null } alone])
        {
            return alone.Tensor;
        }
        parts.Sort((a, b) => (a.Order ?? -1).CompareTo(b.Order ?? -1));
        // The last layer has no residual output: its skip part stands alone.
        bool isRow = target.Contains(".cond_layer.", StringComparison.Ordinal);
        int start = isRow ? 0 : parts.Count == 1 ? 1 : 0;
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Order != start + i)
            {
                throw new VocoderException($"{file}: tensor {VoiceFiles.Quote(target)}: found the parts "
                    + $"{VoiceFiles.FirstFew([.. parts.Select(p => p.Name)])}, expected "
                    + $"{(isRow ? "every layer from 0" : "a residual and a skip layer, or the last skip layer")}, once");
            }
        }
        return Concatenate(target, parts, file);
    }

    /// <summary>Joins along dimension 0, which for row-major data is one array behind the other.</summary>
    private static SafeTensor Concatenate(string target, List<Part> parts, string file)
    {
        int[] shape = [.. parts[0].Tensor.Shape];
        foreach (var part in parts)
        {
            if (!part.Tensor.IsFloat || part.Tensor.Shape.Length == 0 || !part.Tensor.Shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)))
            {
                throw new VocoderException($"{file}: tensor {VoiceFiles.Quote(part.Name)}: found {part.Tensor.Dtype.Label()} of shape "
                    + $"{part.Tensor.ShapeText}, expected floats that continue {SafeTensor.FormatShape(shape)} of {VoiceFiles.Quote(target)}");
            }
        }
        shape[0] = parts.Sum(part => part.Tensor.Shape[0]);
        var data = new float[parts.Sum(part => part.Tensor.Data.Length)];
        int position = 0;
        foreach (var part in parts)
        {
            part.Tensor.Data.CopyTo(data, position);
            position += part.Tensor.Data.Length;
        }
        return new SafeTensor(parts[0].Tensor.Dtype, shape, data);
    }

    [GeneratedRegex(@"^(WN\.[0-9]+)\.cond_layers\.([0-9]{1,4})\.(bias|weight|weight_g|weight_v)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Conditioning();

    [GeneratedRegex(@"^(WN\.[0-9]+)\.(res|skip)_layers\.([0-9]{1,4}\.(?:bias|weight|weight_g|weight_v))\z", RegexOptions.CultureInvariant)]
    private static partial Regex ResidualOrSkip();

    [GeneratedRegex(@"^WN\.[0-9]|^convinv\.[0-9]+\.(?!inv_conv\.)|^upsample\.", RegexOptions.CultureInvariant)]
    private static partial Regex Member();

    [GeneratedRegex(@"(^|\.)upsample\.weight(_v)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Upsampling();
}
