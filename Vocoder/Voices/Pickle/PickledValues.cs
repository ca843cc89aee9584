namespace FlowVocoder.Voices.Pickle;

// What a pickle becomes here. Plain values stay plain: null, bool, long, BigInteger, double, string, byte[]. All else is one
// of these inert records. No class named by a pickle is ever looked up, let alone run.

/// <summary>A class or function that the pickle names. It is a name and nothing more.</summary>
internal sealed record PickledClass(string FullName);

internal sealed record PickledTuple(object?[] Items);

internal sealed class PickledList
{
    public List<object?> Items { get; } = [];
}

/// <summary>
/// A dict with its string keys in order. Others (the integers of an optimiser's state) are dropped, as no weight hangs on
/// them; hashing whatever a hostile file offers as a key would be worse.
/// </summary>
internal sealed class PickledDict
{
    private OrderedDictionary<string, object?>? _items;

    public IEnumerable<KeyValuePair<string, object?>> Items => _items ?? [];

    public void Set(object? key, object? value)
    {
        if (key is string text)
        {
            // Created late: a few bytes of pickle can ask for very many empty dicts.
            (_items ??= new(StringComparer.Ordinal))[text] = value;
        }
    }

    public object? this[string key] => _items is not null && _items.TryGetValue(key, out object? value) ? value : null;
}

/// <summary>An instance of any other class: what it was built from, and the state it was given.</summary>
internal sealed class PickledObject(PickledClass type, object? arguments)
{
    public PickledClass Type { get; } = type;

    public object? Arguments { get; } = arguments;

    public object? State { get; set; }
}

/// <summary>A storage that lies outside the pickle. <see cref="Dtype"/> is null for types we do not know.</summary>
internal sealed record PickledStorage(string TypeName, TensorDtype? Dtype, string Key, long Elements, long ViewOffset);

/// <summary>A strided view of a storage; offset and strides in elements.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
