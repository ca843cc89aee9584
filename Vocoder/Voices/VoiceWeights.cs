using FlowVocoder.Compute;

namespace FlowVocoder.Voices;

/// <summary>What the voices of all kinds share: weights to and from tensors, and errors that name the file.</summary>
internal static class VoiceWeights
{
    /// <summary>The tensors of a file, in the order of the parameters.</summary>
    public static IReadOnlyDictionary<string, SafeTensor> Of(ParameterSet parameters) => new OrderedDictionary<string, SafeTensor>(
        parameters.Items.Select(p => KeyValuePair.Create(p.Name, new SafeTensor(p.Shape, p.Value.Span.ToArray()))));

    /// <summary>Runs what builds a model from the words of a file; its errors are those of the file.</summary>
    public static T Naming<T>(string source, Func<T> create)
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

    /// <summary>Loads a model by <paramref name="load"/>, which is given the floating tensors by name, and checks that it asked for all.</summary>
    /// <exception cref="VocoderException">A value is not finite, or tensors are left over: the weights belong to another model.</exception>
    public static void Load(string source, string kind, IReadOnlyDictionary<string, SafeTensor> tensors, Action<Func<string, (int[] Shape, float[] Data)?>> load)
    {
        var unused = new HashSet<string>(tensors.Keys, StringComparer.Ordinal);
        load(name =>
        {
            if (!tensors.TryGetValue(name, out SafeTensor? tensor) || !tensor.IsFloat) return null;
            unused.Remove(name);
            foreach (float value in tensor.Data)
                if (!float.IsFinite(value)) throw new VocoderException($"{source}: tensor {VoiceFiles.Quote(name)}: found a value that is NaN or infinite, expected finite numbers");
            return (tensor.Shape, tensor.Data);
        });
        if (unused.Count > 0)
            throw new VocoderException($"{source}: found tensors that a {kind} model of this configuration does not have: {VoiceFiles.Few(unused)}; expected none");
    }
}
