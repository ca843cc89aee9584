using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace FlowVocoder.Native;

/// <summary>
/// What C holds in its hands. A handle is a number that is never given twice and no address: one that was freed, or is of the other kind, is refused and
/// cannot bring the process down.
/// </summary>
internal static class Handles
{
    private static readonly ConcurrentDictionary<nint, object> s_items = new();

    // Not small numbers: what C takes for a handle by mistake is likely to be one.
    private static long s_last = 0x46560000;

    public static nint Add(object item)
    {
        nint handle = (nint)Interlocked.Add(ref s_last, 16);
        s_items[handle] = item;
        return handle;
    }

    /// <summary>What a handle stands for.</summary>
    /// <exception cref="ArgumentException">It stands for nothing of that kind.</exception>
    public static T Get<T>(nint handle, string kind) where T : class =>
        s_items.TryGetValue(handle, out object? item) && item is T found ? found
        : throw new ArgumentException(handle == 0 ? $"the {kind} is NULL" : $"the {kind} is none, or was freed");

    /// <summary>Forgets a handle; what is none of the kind is left alone.</summary>
    public static void Remove<T>(nint handle) where T : class
    {
        if (s_items.TryGetValue(handle, out object? item) && item is T) s_items.TryRemove(handle, out _);
    }
}
