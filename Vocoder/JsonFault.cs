using System.Text.Json;

namespace FlowVocoder;

/// <summary>What reading JSON of a file that nobody can vouch for may end in.</summary>
internal static class JsonFault
{
    /// <summary>
    /// Whether an exception says that the text is at fault. Beside its own the reader throws others: for a name that comes twice (ArgumentException), for half
    /// a surrogate pair (InvalidOperationException), and for numbers beyond a type.
    /// </summary>
    public static bool Is(Exception e) =>
        e is JsonException or ArgumentException or InvalidOperationException or FormatException or OverflowException or NotSupportedException;
}
