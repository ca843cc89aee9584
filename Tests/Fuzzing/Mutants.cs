using System.Buffers.Binary;
using System.Text;

namespace FlowVocoder.Tests.Fuzzing;

/// <summary>Damages files, the same way for the same seed: bytes, lengths, ends, numbers and words of text, and pieces moved about.</summary>
internal static class Mutants
{
    private static readonly long[] s_numbers =
        [0, 1, 2, -1, 127, 128, 255, 256, 32767, 65535, 65536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue];

    private static readonly string[] s_words =
        ["0", "-1", "-5", "1e400", "1e9", "NaN", "Infinity", "null", "true", "[]", "{}", "\"\"", "\"\\ud800\"", "1048576", "2147483647", "9223372036854775807",
            "0.5", "[[[[[[", "\"\\u0000\\u001b[31m\""];

    private static readonly float[] s_floats = [float.NaN, float.PositiveInfinity, float.MaxValue, -float.MaxValue, float.Epsilon, 1e30f, -0f, 1e9f];

    /// <summary>A copy with one to four faults, mostly in its first <paramref name="head"/> bytes, where formats have their structure.</summary>
    public static byte[] Of(byte[] good, int seed, int head)
    {
        var random = new Random(seed);
        List<byte> bytes = [.. good];
        for (int faults = random.Next(1, 5); faults > 0 && bytes.Count > 0; faults--) Damage(bytes, random, Math.Min(head, bytes.Count));
        return [.. bytes];
    }

    private static void Damage(List<byte> bytes, Random random, int head)
    {
        int at = random.Next(random.Next(4) > 0 ? head : bytes.Count);
        switch (random.Next(9))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
            case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
            case 5: Put(bytes, at, Number(random)); break;
            case 6: Put(bytes, at & ~3, BitConverter.GetBytes(s_floats[random.Next(s_floats.Length)])); break;
            default: Text(bytes, at, random, head); break;
        }
    }

    private static byte[] Number(Random random)
    {
        var number = new byte[1 << random.Next(1, 4)];
        Span<byte> whole = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(whole, s_numbers[random.Next(s_numbers.Length)]);
        whole[..number.Length].CopyTo(number);
        return number;
    }

    private static void Put(List<byte> bytes, int at, byte[] value)
    {
        for (int i = 0; i < value.Length && at + i < bytes.Count; i++) bytes[at + i] = value[i];
    }

    // A number or a word of JSON, or of a Python dictionary, becomes another.
    private static void Text(List<byte> bytes, int from, Random random, int head)
    {
        int start = from;
        while (start < head && !char.IsAsciiLetterOrDigit((char)bytes[start])) start++;
        int end = start;
        while (end < head && char.IsAsciiLetterOrDigit((char)bytes[end])) end++;
        if (start == end) return;
        byte[] word = Encoding.UTF8.GetBytes(s_words[random.Next(s_words.Length)]);
        // Half of them keep their length, so that what follows stays in its place.
        if (random.Next(2) == 0)
            Put(bytes, start, word.Length <= end - start ? [.. word, .. Enumerable.Repeat((byte)' ', end - start - word.Length)] : word[..(end - start)]);
        else
        {
            bytes.RemoveRange(start, end - start);
            bytes.InsertRange(start, word);
        }
    }
}
