using System.Runtime.CompilerServices;
using System.Text;

namespace FlowVocoder.Native;

/// <summary>What went wrong last in each thread.</summary>
internal static unsafe class LastError
{
    private const int Longest = 2048;

    // Pinned, so that C may keep the address; the collector takes it when its thread is gone.
    [ThreadStatic] private static byte[]? t_text;

    private static byte[] Text => t_text ??= GC.AllocateArray<byte>(Longest, pinned: true);

    /// <summary>Keeps what an exception says, in one line.</summary>
    /// <returns>Its status.</returns>
    public static int Set(Exception e)
    {
        int status = Status.Of(e);
        // The name of a parameter means nothing to C.
        string message = e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;
        if (status == Status.Internal) message = $"{e.GetType().Name}: {message}";
        Encoding.UTF8.GetEncoder().Convert(message.ReplaceLineEndings(" "), Text.AsSpan(0, Longest - 1), flush: true, out _, out int length, out _);
        Text[length] = 0;
        return status;
    }

    /// <summary>The text in UTF-8, with a zero at its end.</summary>
    public static byte* Pointer => (byte*)Unsafe.AsPointer(ref Text[0]);
}
