using System.Globalization;

namespace FlowVocoder.Voices.Pickle;

/// <summary>
/// The few names of PyTorch and Python that a checkpoint needs understood: tensors, parameters, storages, ordered dicts.
/// Source: torch/_utils.py (_rebuild_*) and torch/serialization.py (persistent ids) of PyTorch 0.4 to 2.x.
/// </summary>
internal sealed class TorchClasses
{
    private const int MaxDimensions = 16;

    /// <summary>The storages that the pickle mentions, by key.</summary>
    public Dictionary<string, PickledStorage> Storages { get; } = new(StringComparer.Ordinal);

    /// <summary>What calling the named class or function gives; an inert object for every name not known here.</summary>
    public object? Create(PickledClass type, object? arguments, PickleReader reader)
    {
        var items = (arguments as PickledTuple)?.Items ?? [];
        switch (type.FullName)
        {
            case "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2":
                return Tensor(items, reader);
            case "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" when items.Length > 0:
                return items[0];
            case "collections.OrderedDict":
                return OrderedDict(items);
            default:
                return new PickledObject(type, arguments);
        }
    }

    /// <summary>Resolves a persistent id: a storage, or a class with its source text, which is dropped.</summary>
    public object Persistent(object? id, PickleReader reader)
    {
        switch (id)
        {
            case PickledTuple { Items: ["module", PickledClass type, ..] }:
                return type;
            case PickledTuple { Items: ["storage", PickledClass type, var key, _, long elements, .. var rest] } when elements >= 0:
                return Storage(type, key, elements, rest, reader);
            default:
                throw reader.Bad("found an unknown persistent id, expected a storage or a class");
        }
    }

    private PickledStorage Storage(PickledClass type, object? key, long elements, object?[] rest, PickleReader reader)
    {
        string name = key as string ?? (key as long?)?.ToString(CultureInfo.InvariantCulture)
            ?? throw reader.Bad("found a storage without a key, expected a string");
        long viewOffset = 0;
        if (rest is [PickledTuple { Items: [_, long offset, ..] }, ..])
        {
            // Files before 1.0 name a storage that starts inside another one by (key, offset, size).
            viewOffset = offset;
        }
        var storage = new PickledStorage(type.FullName, StorageType(type.FullName), name, elements, viewOffset);
        if (Storages.TryGetValue(name, out var known) && (known.Dtype != storage.Dtype || known.Elements != elements))
        {
            throw reader.Bad($"found storage {VoiceFiles.Quote(name)} with two types or sizes, expected one");
        }
        Storages[name] = storage;
        return storage;
    }

    private static PickledTensor Tensor(object?[] items, PickleReader reader)
    {
        if (items is [PickledStorage storage, long offset, PickledTuple sizes, PickledTuple strides, ..]
            && sizes.Items.Length == strides.Items.Length && sizes.Items.Length <= MaxDimensions
            && sizes.Items.All(size => size is long) && strides.Items.All(stride => stride is long))
        {
            return new PickledTensor(storage, offset,
                Array.ConvertAll(sizes.Items, size => (long)size!), Array.ConvertAll(strides.Items, stride => (long)stride!));
        }
        throw reader.Bad("found a tensor built from unknown arguments, expected storage, offset, sizes and strides");
    }

    /// <summary>Python 2 writes an ordered dict as a call with a list of [key, value]; Python 3 fills it afterwards.</summary>
    private static PickledDict OrderedDict(object?[] items)
    {
        var dict = new PickledDict();
        foreach (object? pair in items is [PickledList list] ? list.Items : [])
        {
            object?[] parts = pair is PickledList pairList ? [.. pairList.Items.Take(3)] : (pair as PickledTuple)?.Items ?? [];
            if (parts is [var key, var value])
            {
                dict.Set(key, value);
            }
        }
        return dict;
    }

    private static TensorDtype? StorageType(string fullName) => fullName[(fullName.LastIndexOf('.') + 1)..] switch
    {
        "FloatStorage" => TensorDtype.F32,
        "HalfStorage" => TensorDtype.F16,
        "BFloat16Storage" => TensorDtype.BF16,
        "DoubleStorage" => TensorDtype.F64,
        "LongStorage" => TensorDtype.I64,
        "IntStorage" => TensorDtype.I32,
        "ShortStorage" => TensorDtype.I16,
        "CharStorage" => TensorDtype.I8,
        "ByteStorage" => TensorDtype.U8,
        "BoolStorage" => TensorDtype.Bool,
        _ => null,
    };
}
