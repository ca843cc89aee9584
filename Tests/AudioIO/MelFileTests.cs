using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class MelFileTests
{
    // Band b of frame t is 10·b + t.
    [Theory]
    [InlineData("(3, 2)", new float[] { 0, 1, 10, 11, 20, 21 })]
    [InlineData("(1, 3, 2)", new float[] { 0, 1, 10, 11, 20, 21 })]
    [InlineData("(1, 1, 3, 2)", new float[] { 0, 1, 10, 11, 20, 21 })]
    [InlineData("(2, 3)", new float[] { 0, 10, 20, 1, 11, 21 })]
    [InlineData("(1, 2, 3)", new float[] { 0, 10, 20, 1, 11, 21 })]
    [InlineData("(1, 1, 2, 3)", new float[] { 0, 10, 20, 1, 11, 21 })]
    public void Every_known_form_gives_bands_by_frames(string shape, float[] stored)
    {
        MelArray mel = MelFile.Read(new MemoryStream(NpyBytes.Floats(shape, stored)), "x.npy", 3);
        Assert.Equal(3, mel.Bands);
        Assert.Equal(2, mel.Frames);
        Assert.Equal([0f, 1, 10, 11, 20, 21], mel.Data);
    }

    [Fact]
    public void Square_mel_is_taken_as_bands_by_frames()
    {
        MelArray mel = MelFile.Read(new MemoryStream(NpyBytes.Floats("(2, 2)", 1, 2, 3, 4)), "x.npy", 2);
        Assert.Equal([1f, 2, 3, 4], mel.Data);
    }

    [Theory]
    [InlineData("(80, 1)", 1)]
    [InlineData("(1, 80)", 1)]
    [InlineData("(1, 80, 1)", 1)]
    public void One_frame_is_enough(string shape, int frames) =>
        Assert.Equal(frames, MelFile.Read(new MemoryStream(NpyBytes.Floats(shape, new float[80])), "x.npy", 80).Frames);

    [Theory]
    [InlineData("(100, 3)", 300, "[100, 3]")]
    [InlineData("(1, 100, 3)", 300, "[1, 100, 3]")]
    [InlineData("(3, 1, 80)", 240, "[3, 1, 80]")]
    [InlineData("(2, 80, 3)", 480, "[2, 80, 3]")]
    [InlineData("(80,)", 80, "[80]")]
    [InlineData("()", 1, "[]")]
    [InlineData("(1, 2, 80, 3)", 480, "[1, 2, 80, 3]")]
    public void Other_shapes_are_refused_with_the_expected_ones(string shape, int count, string found) =>
        Refuse(NpyBytes.Floats(shape, new float[count]), $"has shape {found}", "80 bands", "[80, T] or [T, 80], behind any axes of 1");

    [Theory]
    [InlineData("(80, 0)")]
    [InlineData("(1, 80, 0)")]
    [InlineData("(0, 80)")]
    public void Empty_mel_is_refused(string shape) => Refuse(NpyBytes.Floats(shape), "empty mel", "at least one frame");

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Inf")]
    [InlineData(float.NegativeInfinity, "-Inf")]
    public void Value_that_is_no_number_is_named_by_band_and_frame(float value, string name)
    {
        var values = new float[80 * 5];
        values[7 * 5 + 3] = value;
        Refuse(NpyBytes.Floats("(80, 5)", values), $"{name} at [band 7, frame 3]");

        values = new float[80 * 5];
        values[3 * 80 + 7] = value;
        Refuse(NpyBytes.Floats("(5, 80)", values), $"{name} at [band 7, frame 3]");
        Refuse(NpyBytes.File(NpyBytes.Dict("<f4", "(80, 5)", fortran: true), NpyBytes.Bytes(values)), $"{name} at [band 7, frame 3]");
    }

    [Fact]
    public void Double_beyond_float_is_named() =>
        Refuse(NpyBytes.File(NpyBytes.Dict("<f8", "(80, 1)"), [.. BitConverter.GetBytes(1e300), .. new byte[79 * 8]]), "Inf at [band 0, frame 0]");

    [Fact]
    public void Written_mel_is_read_back()
    {
        using var folder = new TempFolder();
        float[] data = [.. Enumerable.Range(0, 80 * 7).Select(i => i * 0.25f)];
        MelFile.Write(folder["m.npy"], data, 80, 7);
        MelArray mel = MelFile.Read(folder["m.npy"], 80);
        Assert.Equal(7, mel.Frames);
        Assert.Equal(data, mel.Data);
        Refusal.Expect(() => MelFile.Read(folder["m.npy"], 100), $"'{folder["m.npy"]}'", "[80, 7]", "100 bands");
    }

    private static void Refuse(byte[] npy, params string[] parts) =>
        Refusal.Expect(() => MelFile.Read(new MemoryStream(npy), "bad.npy", 80), ["'bad.npy'", .. parts]);
}
