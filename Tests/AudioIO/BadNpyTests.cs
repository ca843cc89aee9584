using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>.npy files that must be refused, each with one line that says what was found and what was expected.</summary>
public class BadNpyTests
{
    private static readonly byte[] Good = NpyBytes.Floats("(2, 3)", 1, 2, 3, 4, 5, 6);

    [Fact]
    public void Empty_file() => Refuse([], "is empty", "expected an .npy");

    [Fact]
    public void Not_an_npy()
    {
        Refuse("RIFF....WAVEfmt "u8.ToArray(), "not an .npy", "NUMPY");
        Refuse([0x93, .. "NUM"u8], "not an .npy");
        Refuse([.. "PK"u8, 3, 4, 0, 0, 0, 0, 0, 0], "not an .npy");
    }

    [Fact]
    public void Every_cut_is_refused()
    {
        for (int length = 0; length < Good.Length; length++)
            Refuse(Good[..length]);
    }

    [Fact]
    public void Truncated_data_says_how_much_is_missing() =>
        Refuse(Good[..^5], "truncated", "19 bytes of data", "expected 24 for shape [2, 3]");

    [Fact]
    public void Too_long_says_how_much_too_much_there_is() =>
        Refuse([.. Good, 0], "too long", "25 bytes of data", "expected 24 for shape [2, 3]");

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(1, 1)]
    public void Unknown_version(int major, int minor) =>
        Refuse(NpyBytes.File(NpyBytes.Dict("<f4", "()"), new byte[4], major, minor), $"version {major}.{minor}", "expected 1.0, 2.0 or 3.0");

    [Theory]
    [InlineData("|O", "Python objects")]
    [InlineData("<i4", "integers")]
    [InlineData("<i8", "integers")]
    [InlineData("|u1", "integers")]
    [InlineData("<c8", "complex numbers")]
    [InlineData("<c16", "complex numbers")]
    [InlineData("|b1", "booleans")]
    [InlineData("<U5", "strings")]
    [InlineData("|S5", "strings")]
    [InlineData("<M8[ns]", "dates")]
    [InlineData("<f16", "floats of an unsupported width")]
    [InlineData("nonsense", "values of an unknown type")]
    [InlineData("", "values of an unknown type")]
    public void Other_types_are_named(string descr, string kind) =>
        Refuse(NpyBytes.File(NpyBytes.Dict(descr, "(2,)"), new byte[8]), kind, $"dtype '{descr}'", "expected floats");

    [Fact]
    public void Records_are_named() =>
        Refuse(
            NpyBytes.File("{'descr': [('a]', '<f4'), (\"b\", [('c', '<f8')])], 'fortran_order': False, 'shape': (2,)}", new byte[8]),
            "holds records", "expected floats");

    [Theory]
    [InlineData("(1152921504606846976,)", "truncated", "expected 4611686018427387904")] // 2^60
    [InlineData("(80, 1152921504606846976)", "more than any file can hold", "1152921504606846976")]
    [InlineData("(4294967296, 4294967296)", "more than any file can hold", "[4294967296, 4294967296]")] // 2^64: 0 where it wraps
    [InlineData("(9223372036854775807, 9223372036854775807, 9223372036854775807)", "more than any file can hold", "9223372036854775807")]
    [InlineData("(2147483647, 2147483647)", "truncated", "expected 18446744056529682436")]
    [InlineData("(-1, 3)", "[-1, 3]", "no negative dimension")]
    [InlineData("(0, -3)", "[0, -3]", "no negative dimension")]
    [InlineData("(0, 4294967296)", "[0, 4294967296]", "expected dimensions up to 2147483647")]
    [InlineData("(9223372036854775808,)", "found \"9223372036854775808", "expected a 64-bit integer")]
    public void Shape_that_lies_is_refused(string shape, string part, string expected) =>
        Refuse(NpyBytes.File(NpyBytes.Dict("<f4", shape), shape.StartsWith("(0", StringComparison.Ordinal) ? [] : new byte[24]), part, expected);

    [Fact]
    public void Shape_that_lies_costs_no_memory()
    {
        byte[] npy = NpyBytes.Floats("(80, 20000000)", 1, 2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refuse(npy, "truncated", "8 bytes of data", "expected 6400000000");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Header_that_lies_about_its_length()
    {
        byte[] npy = NpyBytes.File(NpyBytes.Dict("<f4", "(2,)"), new byte[8], major: 2);
        npy[11] = 0x7F;
        Refuse(npy, "truncated", "bytes of header", "expected 213");
        Refuse(NpyBytes.File(NpyBytes.Dict("<f4", "(2,)").PadRight(20_000), new byte[8]), "header of 20000 bytes", "at most 10000");
    }

    [Theory]
    [InlineData("", "found its end at character 0, expected '{'")]
    [InlineData("[1, 2]", "found \"[1, 2]\" at character 0, expected '{'")]
    [InlineData("{}", "'descr' too")]
    [InlineData("{'descr': '<f4', 'shape': (6,)}", "'fortran_order' too")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "'shape' too")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "at character 17, expected one each of")]
    [InlineData("{'descr': '<f4', 'order': False, 'shape': (6,)}", "found \"'order': False")]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", "expected True or False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "expected a tuple like (80,)")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': [6]}", "expected '('")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "expected ',' or ')'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 3)}", "expected ',' or ')'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (x,)}", "expected a 64-bit integer")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "expected a 64-bit integer")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)", "expected '}'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6,", "found its end")]
    [InlineData("{'descr': '<f4", "expected a closing quote")]
    [InlineData("{'descr': [('a', '<f4'), ", "expected a closed list")]
    [InlineData("{'descr': <f4, 'fortran_order': False, 'shape': (6,)}", "expected a quoted string")]
    [InlineData("{'descr' '<f4'}", "expected ':'")]
    [InlineData("{'descr': '<f4' 'shape': (6,)}", "expected '}'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} import os", "expected nothing after the dictionary")]
    [InlineData("{'descr': '<f4', \u0001\n\u0002: 1}", "found \"???: 1}\"")]
    public void Damaged_header_shows_where(string dict, string expected) =>
        Refuse(NpyBytes.File(dict, new byte[24]), "damaged .npy header", expected);

    [Fact]
    public void Too_many_dimensions() =>
        Refuse(NpyBytes.Floats($"({string.Join(",", Enumerable.Repeat("1", 65))})", 1f), "at most 64 dimensions");

    [Fact]
    public void Missing_file_and_folder_are_named()
    {
        using var folder = new TempFolder();
        Refusal.Expect(() => Npy.Read(folder["no.npy"]), $"cannot read '{folder["no.npy"]}'", "does not exist");
        Refusal.Expect(() => Npy.Read(folder.Root), $"cannot read '{folder.Root}'", "it is a folder");
        string path = folder.Add("cut.npy", Good[..^1]);
        Refusal.Expect(() => Npy.Read(path), $"'{path}'", "truncated");
    }

    private static void Refuse(byte[] npy, params string[] parts)
    {
        Refusal.Expect(() => Npy.Read(new MemoryStream(npy), "bad.npy"), ["'bad.npy'", .. parts]);
        Refusal.Expect(() => Npy.Read(new ForwardOnlyStream(new MemoryStream(npy)), "bad.npy"), ["'bad.npy'", .. parts]);
    }
}
