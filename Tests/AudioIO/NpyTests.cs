using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class NpyTests
{
    // 1, -2.5 and 0.1 in each type, as IEEE 754 spells them.
    [Theory]
    [InlineData("<f4", "0000803F 000020C0 CDCCCC3D", 0.1f)]
    [InlineData(">f4", "3F800000 C0200000 3DCCCCCD", 0.1f)]
    [InlineData("<f8", "000000000000F03F 00000000000004C0 9A9999999999B93F", 0.1f)]
    [InlineData(">f8", "3FF0000000000000 C004000000000000 3FB999999999999A", 0.1f)]
    [InlineData("<f2", "003C 00C1 662E", 0.0999755859375f)]
    [InlineData(">f2", "3C00 C100 2E66", 0.0999755859375f)]
    public void Floats_of_every_width_and_byte_order_are_read(string descr, string hex, float third)
    {
        byte[] data = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        NpyArray array = Read(NpyBytes.File(NpyBytes.Dict(descr, "(3,)"), data));
        Assert.Equal([3], array.Shape);
        Assert.Equal([1f, -2.5f, third], array.Data);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_version_is_read(int major)
    {
        byte[] npy = NpyBytes.File(NpyBytes.Dict("<f4", "(2, 1)"), NpyBytes.Bytes(1, 2), major);
        Assert.Equal([1f, 2f], Read(npy).Data);
        Assert.Equal([2, 1], Read(npy).Shape);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n")]
    [InlineData("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}")]
    [InlineData("  { 'shape' :\t( 2 , 3 , ) , 'descr' : '<f4' ,\n 'fortran_order' : False } \r\n ")]
    [InlineData("{'descr': '<f4', 'shape': (2L, 3L), 'fortran_order': False}")]
    [InlineData("{'descr': '<f4', 'shape': (+2, 03), 'fortran_order': False}")]
    public void Dictionary_may_be_written_in_any_way(string dict)
    {
        NpyArray array = Read(NpyBytes.File(dict, NpyBytes.Bytes(1, 2, 3, 4, 5, 6)));
        Assert.Equal([2, 3], array.Shape);
        Assert.Equal([1f, 2, 3, 4, 5, 6], array.Data);
    }

    [Theory]
    [InlineData("()", new int[0], 1)]
    [InlineData("( )", new int[0], 1)]
    [InlineData("(80,)", new[] { 80 }, 80)]
    [InlineData("(0,)", new[] { 0 }, 0)]
    [InlineData("(80, 0)", new[] { 80, 0 }, 0)]
    [InlineData("(2147483647, 2147483647, 2147483647, 0)", new[] { int.MaxValue, int.MaxValue, int.MaxValue, 0 }, 0)]
    [InlineData("(1, 1, 2, 1, 3)", new[] { 1, 1, 2, 1, 3 }, 6)]
    public void Tuples_of_every_length_are_read(string shape, int[] expected, int count)
    {
        NpyArray array = Read(NpyBytes.Floats(shape, new float[count]));
        Assert.Equal(expected, array.Shape);
        Assert.Equal(count, array.Data.Length);
    }

    [Fact]
    public void Fortran_order_is_turned_into_c_order()
    {
        // np.arange(6).reshape(2, 3) saved in Fortran order lies as 0 3 1 4 2 5.
        byte[] npy = NpyBytes.File(NpyBytes.Dict("<f4", "(2, 3)", fortran: true), NpyBytes.Bytes(0, 3, 1, 4, 2, 5));
        Assert.Equal([0f, 1, 2, 3, 4, 5], Read(npy).Data);
    }

    [Fact]
    public void Fortran_order_of_four_dimensions_is_turned_into_c_order()
    {
        int[] shape = [2, 3, 4, 5];
        var fortran = new float[120];
        for (int a = 0, n = 0; a < 2; a++)
            for (int b = 0; b < 3; b++)
                for (int c = 0; c < 4; c++)
                    for (int d = 0; d < 5; d++)
                        fortran[a + 2 * (b + 3 * (c + 4 * d))] = n++;
        NpyArray array = Read(NpyBytes.File(NpyBytes.Dict("<f4", "(2, 3, 4, 5)", fortran: true), NpyBytes.Bytes(fortran)));
        Assert.Equal(shape, array.Shape);
        Assert.Equal(Enumerable.Range(0, 120).Select(i => (float)i), array.Data);
    }

    [Fact]
    public void More_than_one_block_is_read_from_a_pipe_too()
    {
        float[] values = [.. Enumerable.Range(0, 50_001).Select(i => i * 0.5f)];
        byte[] npy = NpyBytes.Floats("(50001,)", values);
        Assert.Equal(values, Read(npy).Data);
        Assert.Equal(values, Npy.Read(new ForwardOnlyStream(new MemoryStream(npy), 999), "pipe").Data);
    }

    [Fact]
    public void Fixture_of_numpy_is_read()
    {
        NpyArray array = Npy.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "mel_chirp", "hifigan_22050_80.npy"));
        Assert.Equal([80, 172], array.Shape);
        // The file is in Fortran order: its second value is band 1 of frame 0.
        byte[] raw = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "mel_chirp", "hifigan_22050_80.npy"))[128..];
        Assert.Equal(BitConverter.ToSingle(raw, 4), array.Data[172]);
        Assert.Equal(BitConverter.ToSingle(raw, 80 * 4 * 5 + 4 * 7), array.Data[7 * 172 + 5]);
    }

    [Theory]
    [InlineData(new int[0], "()")]
    [InlineData(new[] { 3 }, "(3,)")]
    [InlineData(new[] { 2, 3 }, "(2, 3)")]
    [InlineData(new[] { 80, 0 }, "(80, 0)")]
    public void Written_file_is_byte_for_byte_what_numpy_writes(int[] shape, string tuple)
    {
        float[] values = [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => i + 0.5f)];
        string dict = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple}, }}";
        byte[] expected = NpyBytes.File(dict.PadRight(128 - 10 - 1) + "\n", NpyBytes.Bytes(values));
        if (dict.Length < 64 - 10)
            expected = NpyBytes.File(dict.PadRight(64 - 10 - 1) + "\n", NpyBytes.Bytes(values));

        using var folder = new TempFolder();
        Npy.Write(folder["a.npy"], values, shape);
        Assert.Equal(expected, File.ReadAllBytes(folder["a.npy"]));
        Assert.Equal(["a.npy"], folder.Entries());
        NpyArray back = Npy.Read(folder["a.npy"]);
        Assert.Equal(shape, back.Shape);
        Assert.Equal(values, back.Data);
    }

    [Fact]
    public void Header_of_any_shape_is_aligned()
    {
        for (int digits = 1; digits < 40; digits++)
        {
            using var stream = new MemoryStream();
            Npy.Write(stream, [1f], Enumerable.Repeat(1, digits).ToArray());
            Assert.Equal(0, (stream.Length - 4) % 64);
            Assert.Equal((byte)'\n', stream.ToArray()[^5]);
            stream.Position = 0;
            Assert.Equal(digits, Npy.Read(stream, "x").Shape.Length);
        }
    }

    [Fact]
    public void Large_array_survives_the_way_to_the_disk_and_back()
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 80 * 1001).Select(_ => random.NextSingle() - 0.5f)];
        using var folder = new TempFolder();
        Npy.Write(folder["a.npy"], values, [80, 1001]);
        Assert.Equal(values, Npy.Read(folder["a.npy"]).Data);
    }

    [Fact]
    public void Values_that_do_not_fill_the_shape_are_a_mistake_of_the_program()
    {
        using var folder = new TempFolder();
        Assert.Throws<ArgumentException>(() => Npy.Write(folder["a.npy"], [1f, 2f], [3]));
        Assert.Throws<ArgumentException>(() => new NpyArray([1f], [2, 1]));
        Assert.Empty(folder.Entries());
    }

    private static NpyArray Read(byte[] npy) => Npy.Read(new MemoryStream(npy), "x.npy");
}
