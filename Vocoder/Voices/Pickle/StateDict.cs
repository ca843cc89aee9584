namespace FlowVocoder.Voices.Pickle;

/// <summary>Finds the tensors in an unpickled object and gives them the dotted names of PyTorch's state_dict().</summary>
internal sealed class StateDict(TorchContainer container)
{
    private const int DeepestModule = 64;
    private const int LongestName = 500;

    /// <summary>Modules may share children, so that a small pickle can describe an endless tree.</summary>
    private const int MaxModules = 100_000;

    private readonly OrderedDictionary<string, PickledTensor> _found = new(StringComparer.Ordinal);
    private int _modules;

    public OrderedDictionary<string, PickledTensor> Find(object? root)
    {
        var dict = root as PickledDict;
        // The named ones first: beside them a training checkpoint may hold tensors of its own, a loss say.
        foreach (object? candidate in new[] { dict?["state_dict"], dict?["model_state_dict"], dict?["model"], root })
        {
            if (ModuleState(candidate) is { } state)
            {
                Walk("", state, 0);
            }
            else if (candidate is PickledDict plain)
            {
                AddTensors("", plain);
            }
            if (_found.Count > 0)
            {
                return _found;
            }
        }
        string what = dict is not null ? $"a dict of {VoiceFiles.FirstFew([.. dict.Items.Select(item => item.Key)])}"
            : root is PickledObject other ? $"an object of class {VoiceFiles.Quote(other.Type.FullName)}" : "no dict and no module";
        throw new VocoderException(
            $"{container.File}: found {what} without tensors, expected a state dict, a module, or either under 'state_dict', 'model_state_dict' or 'model'");
    }

    private void Walk(string prefix, PickledDict state, int depth)
    {
        if (depth > DeepestModule || ++_modules > MaxModules)
        {
            throw new VocoderException(
                $"{container.File}: found modules nested over {DeepestModule} deep or more than {MaxModules}, expected a model: the file is damaged");
        }
        var transient = Transient(state);
        AddTensors(prefix, state["_parameters"] as PickledDict);
        AddTensors(prefix, state["_buffers"] as PickledDict, transient);
        foreach (var (name, child) in (state["_modules"] as PickledDict)?.Items ?? [])
        {
            if (ModuleState(child) is { } childState)
            {
                Walk(Join(prefix, name) + ".", childState, depth + 1);
            }
        }
    }

    private void AddTensors(string prefix, PickledDict? tensors, HashSet<string>? except = null)
    {
        // Absent tensors (bias=False) are None; counters may stand beside tensors in a state dict.
        foreach (var (name, value) in tensors?.Items ?? [])
        {
            if (value is PickledTensor tensor && except?.Contains(name) != true && !_found.TryAdd(Join(prefix, name), tensor))
            {
                throw new VocoderException($"{container.File}: tensor {VoiceFiles.Quote(prefix + name)}: found the name twice, expected unique names");
            }
        }
    }

    private string Join(string prefix, string name) => prefix.Length + name.Length <= LongestName
        ? prefix + name
        : throw new VocoderException(
            $"{container.File}: found the name {VoiceFiles.Quote(prefix + name)} of {prefix.Length + name.Length} characters, expected at most {LongestName}");

    /// <summary>Buffers that state_dict() leaves out: a set, pickled as a call with a list of names.</summary>
    private static HashSet<string> Transient(PickledDict state)
    {
        var items = state["_non_persistent_buffers_set"] switch
        {
            PickledObject { Arguments: PickledTuple { Items: [PickledList list] } } => list.Items,
            PickledList list => list.Items,
            _ => [],
        };
        return [.. items.OfType<string>()];
    }

    private static PickledDict? ModuleState(object? value) =>
        value is PickledObject { State: PickledDict state } && state["_parameters"] is PickledDict && state["_modules"] is PickledDict
            ? state
            : null;
}
