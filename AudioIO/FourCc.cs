using System.Text;

namespace FlowVocoder.AudioIO;

/// <summary>The four-letter codes that open files and chunks.</summary>
internal static class FourCc
{
    /// <summary>The code in quotes, or its bytes in hexadecimal where they are not printable.</summary>
    public static string Describe(ReadOnlySpan<byte> code)
    {
        bool printable = !code.ContainsAnyExceptInRange((byte)' ', (byte)'~');
        return printable ? $"\"{Encoding.ASCII.GetString(code)}\"" : $"bytes {Convert.ToHexString(code)}";
    }
}
