using FlowVocoder.AudioIO;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class BadMelTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private const int Frames = 2;

    private static byte[] Typed(string descr, int itemSize, string shape = "(80, 2)") =>
        NpyBytes.File(NpyBytes.Dict(descr, shape), new byte[80 * Frames * itemSize]);

    private static byte[] With(float bad, int at)
    {
        var values = new float[80 * Frames];
        values[at] = bad;
        return NpyBytes.Floats("(80, 2)", values);
    }

    public static TheoryData<string, byte[], string> Refused => new()
    {
        { "not an npy", "a letter to a friend"u8.ToArray(), "npy" },
        { "nothing at all", [], "empty" },
        { "truncated", Typed("<f4", 4)[..^5], "truncated" },
        { "object", Typed("|O", 8), "O" },
        { "integer", Typed("<i4", 4), "i4" },
        { "big-endian integer", Typed(">i2", 2), "i2" },
        { "complex", Typed("<c8", 8), "c8" },
        { "one axis", Typed("<f4", 4, "(160,)"), "[160]" },
        { "two mels", Typed("<f4", 4, "(2, 80, 1)"), "[2, 80, 1]" },
        { "four axes", Typed("<f4", 4, "(1, 2, 80, 1)"), "[1, 2, 80, 1]" },
        { "bands", NpyBytes.Floats("(100, 2)", new float[200]), "expected a mel of 80 bands" },
        { "no frames", NpyBytes.Floats("(80, 0)"), "at least one frame" },
        { "NaN", With(float.NaN, 7), "NaN at [band 3, frame 1]" },
        { "Inf", With(float.PositiveInfinity, 158), "Inf at [band 79, frame 0]" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Is_refused_with_its_name_and_reason_and_leaves_nothing(string name, byte[] bytes, string reason)
    {
        using var folder = new TempFolder();
        string mel = folder.Add(name + ".npy", bytes);
        CliFixture.Run("synth", mel, folder["out.wav"], "--voice", fixture.Voice).Fails(1, mel, reason);
        Assert.Equal([name + ".npy"], folder.Entries());
    }

    public static TheoryData<string, string, bool, bool> Layouts => new()
    {
        { "(80, 5)", "<f4", false, false }, { "(1, 80, 5)", "<f4", false, false }, { "(5, 80)", "<f4", false, true },
        { "(80, 5)", ">f4", false, false }, { "(80, 5)", "<f8", false, false }, { "(80, 5)", "<f4", true, true },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_readable_layout_speaks_alike(string shape, string type, bool fortran, bool transposed)
    {
        using var folder = new TempFolder();
        float[] values = [.. Enumerable.Range(0, 400).Select(i => -5 + 3 * MathF.Sin(i * 0.37f))];
        MelFile.Write(folder["plain.npy"], values, 80, 5);
        IEnumerable<float> stored = transposed ? Enumerable.Range(0, 400).Select(i => values[i % 80 * 5 + i / 80]) : values;
        byte[] data = [.. stored.SelectMany(v => type == "<f8" ? BitConverter.GetBytes((double)v) : type == ">f4" ? BitConverter.GetBytes(v).Reverse()
            : BitConverter.GetBytes(v))];
        folder.Add("other.npy", NpyBytes.File(NpyBytes.Dict(type, shape, fortran), data));
        foreach (string mel in (string[])["plain", "other"])
            Assert.Equal(0, CliFixture.Run("synth", folder[mel + ".npy"], folder[mel + ".wav"], "--voice", fixture.Voice).Code);
        Assert.Equal(File.ReadAllBytes(folder["plain.wav"]), File.ReadAllBytes(folder["other.wav"]));
    }

    [Fact]
    public void A_missing_file_is_named() =>
        CliFixture.Run("synth", fixture.Folder["absent.npy"], fixture.Folder["o.wav"], "--voice", fixture.Voice).Fails(1, "absent.npy", "does not exist");
}
