using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace FlowVocoder.Native;

/// <summary>A text that C reads for as long as its owner lives.</summary>
internal sealed unsafe class CText
{
    private readonly byte[] _bytes;

    public CText(string text)
    {
        _bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text) + 1, pinned: true);
        Encoding.UTF8.GetBytes(text, _bytes);
    }

    public byte* Pointer => (byte*)Unsafe.AsPointer(ref _bytes[0]);

    /// <summary>A text of C's, or null where there is none.</summary>
    public static string? Optional(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    /// <summary>A text of C's.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string Require(byte* text, string what) =>
        text == null ? throw new ArgumentException($"{what} is NULL, expected a text") : Marshal.PtrToStringUTF8((nint)text)!;
}
