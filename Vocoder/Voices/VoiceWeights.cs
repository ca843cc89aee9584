using FlowVocoder.Compute;
using FlowVocoder.Flows;

namespace FlowVocoder.Voices;

/// <summary>What the voices of all kinds share: weights to and from tensors, and errors that name the file.</summary>
internal static class VoiceWeights
{
    /// <summary>The tensors of a file, in the order of the parameters.</summary>
    public static IReadOnlyDictionary<string, SafeTensor> Of(ParameterSet parameters) => new OrderedDictionary<string, SafeTensor>(
        parameters.Items.Select(p => KeyValuePair.Create(p.Name, new SafeTensor(p.Shape, p.Value.Span.ToArray()))));

    /// <summary>
    /// A set for the weights of a file, which is no larger than what they fill: the words of a configuration cost nothing, what they ask for does. A weight
    /// without its norm becomes direction and gain, which are fewer than twice as many numbers.
    /// </summary>
    public static ParameterSet SetFor(IReadOnlyDictionary<string, SafeTensor> tensors) =>
        new(most: 2 * tensors.Values.Where(t => t.IsFloat).Sum(t => (long)t.Data.Length));

    /// <summary>Runs what builds a model from the words of a file; its errors are those of the file.</summary>
    public static T WithSource<T>(string source, Func<T> create)
    {
        try
        {
            return create();
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"{source}: {e.Message}", e);
        }
    }

    /// <summary>Checks that what was loaded can be turned round: without an inverse every sample would be NaN, and the mel would be blamed.</summary>
    /// <exception cref="VocoderException">A 1×1 convolution has none.</exception>
    public static void RequireInvertible(string source, FlowStack stack)
    {
        if (stack.FindFault() is { } found) throw new VocoderException($"{source}: the 1×1 convolution {VoiceFiles.Quote(found.Name)}: {found.Fault}");
        if (stack.FindSingular(new CpuOps(new Parallelism(1))) is { } name)
            throw new VocoderException($"{source}: the 1×1 convolution {VoiceFiles.Quote(name)} has no inverse, expected weights that have one");
    }

    // A normalised weight is g·v/‖v‖.
    private static void RequireDirections(string source, string name, SafeTensor tensor)
    {
        int outputs = tensor.Shape.Length > 0 ? tensor.Shape[0] : 0;
        for (int o = 0; o < outputs; o++)
            if (!tensor.Data.AsSpan(o * (tensor.Data.Length / outputs), tensor.Data.Length / outputs).ContainsAnyExcept(0f))
                throw new VocoderException($"{source}: tensor {VoiceFiles.Quote(name)}: output channel {o} is all zeros, expected a direction to normalise");
    }

    /// <summary>Loads a model by <paramref name="load"/>, which is given the floating tensors by name, and checks that it asked for all.</summary>
    /// <exception cref="VocoderException">A value is not finite, a normalised weight has no direction, or tensors are left over: the weights belong to another
    /// model.</exception>
    public static void Load(string source, string kind, IReadOnlyDictionary<string, SafeTensor> tensors,
        Action<Func<string, (int[] Shape, float[] Data)?>> load)
    {
        var unused = new HashSet<string>(tensors.Keys, StringComparer.Ordinal);
        load(name =>
        {
            if (!tensors.TryGetValue(name, out SafeTensor? tensor) || !tensor.IsFloat) return null;
            unused.Remove(name);
            foreach (float value in tensor.Data)
                if (!float.IsFinite(value))
                    throw new VocoderException($"{source}: tensor {VoiceFiles.Quote(name)}: found a value that is NaN or infinite, expected finite numbers");
            if (name.EndsWith(".weight_v", StringComparison.Ordinal)) RequireDirections(source, name, tensor);
            return (tensor.Shape, tensor.Data);
        });
        if (unused.Count > 0)
            throw new VocoderException(
                $"{source}: found tensors that a {kind} model of this configuration does not have: {VoiceFiles.FirstFew(unused)}; expected none");
    }
}
