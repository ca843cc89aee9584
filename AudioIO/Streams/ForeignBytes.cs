using System.Buffers.Binary;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Tells by the first bytes of a pipe that they are no float32 mel frames but another format, before a sample of noise is spoken.</summary>
internal static class ForeignBytes
{
    // A mel holds logarithms, decibels or small amplitudes: numbers of a few digits. Other formats read as numbers of this one are of all orders.
    private const double Largest = 1e4, Smallest = 1e-7, MaxOdd = 0.1;

    private static readonly (byte[] Start, string Name)[] s_formats =
    [
        ("RIFF"u8.ToArray(), "a wav file"), ("RF64"u8.ToArray(), "a wav file"), ("fLaC"u8.ToArray(), "a flac file"), ("OggS"u8.ToArray(), "an ogg file"),
        ("FORM"u8.ToArray(), "an AIFF file"), ("ID3"u8.ToArray(), "an mp3 file"), ("PK\u0003\u0004"u8.ToArray(), "a zip, as an npz or a PyTorch file is"),
        ([0x1f, 0x8b], "a gzip file"), ([0x80, 0x02], "a Python pickle"), ([0x80, 0x04], "a Python pickle"), ([0x89, .. "HDF"u8], "an HDF5 file"),
    ];

    /// <summary>What the bytes look like, "a wav file"; null where they may be frames.</summary>
    /// <param name="start">The first frame, or all there is of it.</param>
    public static string? Guess(ReadOnlySpan<byte> start)
    {
        foreach (var (magic, name) in s_formats)
            if (start.StartsWith(magic)) return name;
        if (start.Length >= 4 && IsText(start)) return "text";
        if (start.Length < 64 || OddParts(start, sizeof(float)) <= MaxOdd) return null;
        return OddParts(start, sizeof(double)) <= MaxOdd ? "64-bit floats" : OddParts(start, 2) <= MaxOdd ? "16-bit floats" : null;
    }

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            if (b is not (>= 0x20 and < 0x7f or (byte)'\n' or (byte)'\r' or (byte)'\t')) return false;
        return true;
    }

    // Which part of the numbers, each of so many bytes, no mel has.
    private static double OddParts(ReadOnlySpan<byte> bytes, int size)
    {
        int count = bytes.Length / size, odd = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> at = bytes[(i * size)..];
            double value = Math.Abs(size switch
            {
                2 => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
                4 => BinaryPrimitives.ReadSingleLittleEndian(at),
                _ => BinaryPrimitives.ReadDoubleLittleEndian(at),
            });
            if (!(value == 0 || value is >= Smallest and <= Largest)) odd++;
        }
        return (double)odd / count;
    }
}
