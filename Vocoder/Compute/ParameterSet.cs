namespace FlowVocoder.Compute;

/// <summary>A trained value: its name in a state dictionary, its shape in a file, and its tensor.</summary>
/// <param name="Name">Dotted name, as in the state dictionary of the published implementation.</param>
/// <param name="Shape">Shape in files, one to four axes.</param>
/// <param name="Value">The values.</param>
/// <param name="Trained">Whether training changes it; a constant that belongs to the model is not trained.</param>
public sealed record Parameter(string Name, int[] Shape, Tensor Value, bool Trained);

/// <summary>The trained values of a model in order of creation, named by scope.</summary>
public sealed class ParameterSet
{
    private readonly List<Parameter> _items;
    private readonly string _prefix;
    private readonly Philox _random;
    private readonly Budget _budget;

    /// <summary>Creates an empty set whose initial values are drawn from <paramref name="seed"/>.</summary>
    /// <param name="seed">Seed of the initial values.</param>
    /// <param name="most">Numbers that may be in it, so that a few words of a file cannot ask for more memory than its tensors stand for. No limit by
    /// default.</param>
    public ParameterSet(ulong seed = 0, long most = long.MaxValue) : this([], "", new Philox(seed), new Budget { Most = most, Left = most }) { }

    private ParameterSet(List<Parameter> items, string prefix, Philox random, Budget budget) =>
        (_items, _prefix, _random, _budget) = (items, prefix, random, budget);

    private sealed class Budget
    {
        public required long Most { get; init; }

        public required long Left { get; set; }
    }

    /// <summary>All parameters, in order of creation, of this scope and every other of the same set.</summary>
    public IReadOnlyList<Parameter> Items => _items;

    /// <summary>Number of trained numbers.</summary>
    public long Count => _items.Where(p => p.Trained).Sum(p => (long)p.Value.Size);

    /// <summary>The dotted name of this scope, empty for the whole set.</summary>
    public string Name => _prefix.TrimEnd('.');

    /// <summary>The same set, with names below <paramref name="name"/>.</summary>
    public ParameterSet Scope(string name) => new(_items, $"{_prefix}{name}.", _random, _budget);

    /// <summary>Adds a parameter of one to four axes filled with <paramref name="value"/>.</summary>
    public Tensor Constant(string name, float value, params int[] shape)
    {
        Tensor tensor = Add(name, shape);
        tensor.Span.Fill(value);
        return tensor;
    }

    /// <summary>Adds a parameter drawn uniformly from ±<paramref name="bound"/>.</summary>
    public Tensor Uniform(string name, float bound, params int[] shape)
    {
        Tensor tensor = Add(name, shape);
        uint stream = NoiseStreams.Weights(_items.Count);
        for (int i = 0; i < tensor.Size; i++) tensor.Span[i] = bound * (float)(2 * _random.Uniform(stream, 0, i) - 1);
        return tensor;
    }

    /// <summary>Adds a parameter with the given values.</summary>
    public Tensor Values(string name, ReadOnlySpan<float> values, params int[] shape)
    {
        Tensor tensor = Add(name, shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Adds values that belong to the model but are never trained.</summary>
    public Tensor Fixed(string name, ReadOnlySpan<float> values, params int[] shape)
    {
        Tensor tensor = Add(name, shape, trained: false);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Standard normal numbers for the initial value of the next parameter.</summary>
    /// <exception cref="VocoderException">More than the set may hold.</exception>
    public float[] NormalValues(int count)
    {
        Require("the next one", count);
        var values = new float[count];
        _random.Normal(values, NoiseStreams.Weights(_items.Count), 1, 0);
        return values;
    }

    /// <summary>No gradient flows to any of the values any more: a teacher is not taught.</summary>
    public void Freeze()
    {
        foreach (Parameter p in _items) p.Value.RequiresGrad = false;
    }

    /// <summary>Lets gradients flow to the trained values again.</summary>
    public void Unfreeze()
    {
        foreach (Parameter p in _items) p.Value.RequiresGrad = p.Trained;
    }

    /// <summary>
    /// Copies values by name from <paramref name="find"/>, which gives a tensor's shape and data or null.
    /// </summary>
    /// <exception cref="VocoderException">A tensor is missing or has another shape; the message starts with <paramref name="source"/>.</exception>
    public void Load(string source, Func<string, (int[] Shape, float[] Data)?> find)
    {
        foreach (Parameter p in _items)
        {
            if (find(p.Name) is not { } found)
                throw new VocoderException($"{source}: tensor '{p.Name}' is missing, expected shape [{string.Join(", ", p.Shape)}]");
            if (!found.Shape.AsSpan().SequenceEqual(p.Shape))
                throw new VocoderException(
                    $"{source}: tensor '{p.Name}' has shape [{string.Join(", ", found.Shape)}], expected [{string.Join(", ", p.Shape)}]");
            found.Data.CopyTo(p.Value.Span);
            p.Value.MarkChanged();
        }
    }

    /// <summary>Takes over the values of a set that was made for the same model.</summary>
    internal void CopyFrom(ParameterSet other)
    {
        foreach (var (own, source) in _items.Zip(other._items))
        {
            source.Value.Span.CopyTo(own.Value.Span);
            own.Value.MarkChanged();
        }
    }

    private void Require(string what, Int128 size)
    {
        if (size > _budget.Left || size > Array.MaxLength / sizeof(float))
            throw new VocoderException($"the configuration asks for more than there is: {what} has {size} numbers, expected at most "
                + $"{Int128.Min(_budget.Left, Array.MaxLength / sizeof(float))} of {_budget.Most} more");
    }

    private Tensor Add(string name, int[] shape, bool trained = true)
    {
        if (shape.Length is < 1 or > 4) throw new ArgumentException($"'{_prefix}{name}' has {shape.Length} axes, expected 1 to 4", nameof(shape));
        Int128 size = 1;
        foreach (int axis in shape) size *= axis;
        Require($"'{_prefix}{name}' of shape [{string.Join(", ", shape)}]", size);
        _budget.Left -= (long)size;
        // One axis is a vector over channels; two or three are a weight; of four, that of a plane, the second and the third become one.
        Tensor tensor = shape.Length == 1 ? new Tensor(1, shape[0], 1)
            : new Tensor(shape[0], shape.Length == 4 ? shape[1] * shape[2] : shape[1], shape.Length > 2 ? shape[^1] : 1);
        if (trained) tensor.AsParameter();
        _items.Add(new Parameter(_prefix + name, [.. shape], tensor, trained));
        return tensor;
    }
}
