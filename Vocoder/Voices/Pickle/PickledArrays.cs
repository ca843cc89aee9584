using System.Runtime.InteropServices;

namespace FlowVocoder.Voices.Pickle;

/// <summary>
/// NumPy's arrays of floats by name, out of a dict or an object that Python pickled: a scaler of scikit-learn, or a dict that numpy.save wrote as an array of
/// one object. No class that the pickle names is looked up. Source: array_reduce and arraydescr_reduce of NumPy, numpy.core.numeric._frombuffer for
/// protocol 5.
/// </summary>
internal static class PickledArrays
{
    /// <summary>Reads the pickle from the stream's position on.</summary>
    /// <exception cref="VocoderException">The bytes are no such pickle.</exception>
    public static Dictionary<string, float[]> Read(Stream stream, string file)
    {
        object? root = new PickleMachine(new PickleReader(stream, stream.Length, file), new TorchClasses()).Run();
        var arrays = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var (name, value) in Names(root)?.Items ?? [])
            if (Values(value) is { } values) arrays[name] = values;
        return arrays;
    }

    private static PickledDict? Names(object? root) => root switch
    {
        PickledDict dict => dict,
        PickledObject { State: PickledDict state } => state,
        PickledObject { State: PickledTuple { Items: [_, PickledTuple, _, _, PickledList { Items: [PickledDict only] }] } } => only,
        _ => null,
    };

    private static float[]? Values(object? array) => array switch
    {
        PickledObject { State: PickledTuple { Items: [_, PickledTuple, PickledObject type, _, byte[] bytes] } } => Values(type, bytes),
        PickledObject { Arguments: PickledTuple { Items: [byte[] bytes, PickledObject type, PickledTuple, ..] } } => Values(type, bytes),
        _ => null,
    };

    private static float[]? Values(PickledObject type, byte[] bytes)
    {
        if (type is not { Arguments: PickledTuple { Items: [string code, ..] }, State: PickledTuple { Items: [_, "<" or "=", ..] } }) return null;
        return code switch
        {
            "f4" when bytes.Length % sizeof(float) == 0 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            "f8" when bytes.Length % sizeof(double) == 0 => Array.ConvertAll(MemoryMarshal.Cast<byte, double>(bytes).ToArray(), value => (float)value),
            _ => null,
        };
    }
}
