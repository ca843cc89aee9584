using System.Collections.Concurrent;

namespace FlowVocoder.Compute;

/// <summary>
/// Hands out tensors for intermediate results and takes them back, so that steady-state work allocates nothing.
/// Not thread-safe: one per stream or trainer.
/// </summary>
internal sealed class Workspace
{
    private static readonly ConcurrentBag<Workspace> s_idle = [];
    private readonly Dictionary<int, Stack<Tensor>> _free = [];
    // Each knows its place, so that giving one back early searches nothing.
    private readonly List<Tensor> _rented = [];

    /// <summary>One that is left over from earlier work, or a new one. Its memory has been touched before, which for a short sentence counts.</summary>
    public static Workspace Borrow() => s_idle.TryTake(out Workspace? workspace) ? workspace : new Workspace();

    /// <summary>Leaves a workspace to later work. As many are kept as there are processors.</summary>
    public static void GiveBack(Workspace workspace)
    {
        workspace.Reset();
        if (s_idle.Count < Environment.ProcessorCount) s_idle.Add(workspace);
    }

    /// <summary>A tensor with undefined contents, valid until it is returned.</summary>
    public Tensor Rent(int batch, int channels, int length)
    {
        int capacity = RoundUp(checked(batch * channels * length));
        Tensor tensor = _free.TryGetValue(capacity, out var stack) && stack.Count > 0 ? stack.Pop() : new Tensor(capacity);
        tensor.Reshape(batch, channels, length);
        tensor.RequiresGrad = false;
        tensor.Grad = null;
        tensor.MarkChanged();
        tensor.Place = _rented.Count;
        _rented.Add(tensor);
        return tensor;
    }

    /// <summary>Takes back one tensor before the others; ignores tensors that are not from here.</summary>
    public void Return(Tensor tensor)
    {
        int place = tensor.Place;
        if (place < 0 || place >= _rented.Count || _rented[place] != tensor) return;
        Tensor last = _rented[^1];
        _rented[place] = last;
        last.Place = place;
        _rented.RemoveAt(_rented.Count - 1);
        Store(tensor);
    }

    /// <summary>Takes back everything.</summary>
    public void Reset()
    {
        foreach (var tensor in _rented) Store(tensor);
        _rented.Clear();
    }

    private void Store(Tensor tensor)
    {
        tensor.Place = -1;
        if (!_free.TryGetValue(tensor.Capacity, out var stack)) _free[tensor.Capacity] = stack = new Stack<Tensor>();
        stack.Push(tensor);
    }

    // Steps of an eighth of a power of two: few distinct sizes, little waste.
    private static int RoundUp(int size)
    {
        if (size <= 64) return 64;
        int step = Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size) / 16);
        return (size + step - 1) / step * step;
    }
}
