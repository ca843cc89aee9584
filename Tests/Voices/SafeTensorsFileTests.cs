using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class SafeTensorsFileTests
{
    [Theory]
    [InlineData("state_dict.safetensors")]
    [InlineData("gradients.safetensors")]
    public void Reference_files_hold_the_tensors_that_their_configuration_implies(string file)
    {
        var tensors = SafeTensorsFile.Read(WaveGlowFixture.Path(file)).Tensors;
        var expected = WaveGlowFixture.ExpectedShapes();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, pair => Assert.Equal(pair.Value, tensors[pair.Key].Shape));
    }

    [Fact]
    public void Values_are_the_bytes_at_the_offsets_that_the_header_names()
    {
        string path = WaveGlowFixture.Path("state_dict.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (var (name, tensor) in SafeTensorsFile.Read(path).Tensors)
        {
            int begin = 8 + header + json.RootElement.GetProperty(name).GetProperty("data_offsets")[0].GetInt32();
            Assert.Equal(BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(begin)), tensor.Data[0]);
            Assert.Equal(BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(begin + (4 * (tensor.Data.Length - 1)))), tensor.Data[^1]);
        }
    }

    [Fact]
    public void Rewriting_a_reference_file_gives_its_header_and_its_data()
    {
        string path = WaveGlowFixture.Path("state_dict.safetensors");
        byte[] original = File.ReadAllBytes(path);
        var file = SafeTensorsFile.Read(path);
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, file.Tensors, file.Metadata);
        byte[] written = stream.ToArray();
        // The headers may differ in the white space of their JSON.
        int from = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(original);
        int to = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(written);
        using var expected = JsonDocument.Parse(original.AsMemory(8, from - 8));
        using var actual = JsonDocument.Parse(written.AsMemory(8, to - 8));
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement));
        Assert.Equal(0, to % 8);
        Assert.True(original.AsSpan(from).SequenceEqual(written.AsSpan(to)));
    }

    [Fact]
    public void Metadata_of_null_is_none()
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes("""{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""");
        using var stream = new MemoryStream([.. BitConverter.GetBytes((ulong)json.Length), .. json, .. BitConverter.GetBytes(1.5f)]);
        var file = SafeTensorsFile.Read(stream, "x");
        Assert.Empty(file.Metadata);
        Assert.Equal([1.5f], file.Tensors["a"].Data);
    }

    [Fact]
    public void A_small_file_has_exactly_the_bytes_of_the_format()
    {
        using var written = new MemoryStream();
        SafeTensorsFile.Write(written,
            [("b", [2], new float[] { 1, -2 }), ("a", [], new float[] { 0.5f })],
            new Dictionary<string, string> { ["z"] = "é\n", ["k"] = "v" });
        const string header = """{"__metadata__":{"k":"v","z":"é\n"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}""";
        byte[] json = Encoding.UTF8.GetBytes(header);
        int padded = (json.Length + 7) / 8 * 8;
        byte[] expected =
        [
            (byte)padded, (byte)(padded >> 8), 0, 0, 0, 0, 0, 0, .. json, .. Enumerable.Repeat((byte)' ', padded - json.Length),
            0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F,
        ];
        Assert.Equal(expected, written.ToArray());
    }

    [Theory]
    [InlineData(TensorDtype.F16, 1.0009765625f, 1.0009765625f)] // 1 + 2^-10, the spacing of a half
    [InlineData(TensorDtype.F16, 1.00048828125f, 1f)] // a tie goes to even
    [InlineData(TensorDtype.F16, 70000f, float.PositiveInfinity)]
    [InlineData(TensorDtype.BF16, 1.0078125f, 1.0078125f)] // 1 + 2^-7, the spacing of a bfloat16
    [InlineData(TensorDtype.BF16, 1.00390625f, 1f)]
    [InlineData(TensorDtype.BF16, 1.01171875f, 1.015625f)]
    [InlineData(TensorDtype.BF16, 3.4e38f, float.PositiveInfinity)]
    [InlineData(TensorDtype.BF16, float.NaN, float.NaN)]
    public void Narrow_types_round_to_nearest_even(TensorDtype dtype, float value, float expected)
    {
        var tensor = RoundTrip(value, dtype);
        Assert.Equal(dtype, tensor.Dtype);
        Assert.Equal(expected, tensor.Data[0]);
    }

    [Fact]
    public void Every_half_and_every_bfloat16_survives_a_round_trip()
    {
        var halves = new float[65536];
        var brains = new float[65536];
        for (int i = 0; i < halves.Length; i++)
        {
            halves[i] = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            brains[i] = BitConverter.Int32BitsToSingle(i << 16);
        }
        Assert.Equal(halves, RoundTrip(halves, TensorDtype.F16).Data);
        Assert.Equal(brains, RoundTrip(brains, TensorDtype.BF16).Data);
    }

    [Fact]
    public void Integers_keep_their_bytes_and_wider_elements_come_first()
    {
        var tensors = new Dictionary<string, SafeTensor>
        {
            ["mask"] = new(TensorDtype.U8, [3], [1, 2, 255]),
            ["weight"] = new([1, 2], [3, 4]),
            ["step"] = new(TensorDtype.I64, [], [1, 2, 3, 4, 5, 6, 7, 8]),
            ["none"] = new([0, 4], []),
        };
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, tensors);
        stream.Position = 0;
        var read = SafeTensorsFile.Read(stream, "x").Tensors;
        Assert.Equal(["step", "weight", "none", "mask"], read.Keys);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], read["step"].Raw);
        Assert.Equal([1, 2, 255], read["mask"].Raw);
        Assert.Equal([3f, 4f], read["weight"].Data);
        Assert.Equal([0, 4], read["none"].Shape);
        Assert.Empty(read["none"].Data);
        Assert.Throws<InvalidOperationException>(() => read["step"].Data);
    }

    [Fact]
    public void Doubles_become_singles()
    {
        byte[] header = Encoding.UTF8.GetBytes("""{"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}""");
        using var stream = new MemoryStream([(byte)header.Length, 0, 0, 0, 0, 0, 0, 0, .. header,
            .. BitConverter.GetBytes(Math.PI), .. BitConverter.GetBytes(-1e300)]);
        Assert.Equal([MathF.PI, float.NegativeInfinity], SafeTensorsFile.Read(stream, "x").Tensors["d"].Data);
    }

    [Fact]
    public void Repeated_names_and_shapes_that_do_not_fit_are_refused_when_writing()
    {
        using var stream = new MemoryStream();
        Assert.Throws<ArgumentException>(() => SafeTensorsFile.Write(stream, [("a", [1], new float[1]), ("a", [1], new float[1])]));
        Assert.Throws<ArgumentException>(() => SafeTensorsFile.Write(stream, [("__metadata__", [1], new float[1])]));
        Assert.Throws<ArgumentException>(() => SafeTensorsFile.Write(stream, [("a", [2], new float[1])]));
        Assert.Throws<ArgumentException>(() => SafeTensorsFile.Write(stream, [("a", [1], new float[1])], dtype: TensorDtype.I64));
        Assert.Equal(0, stream.Length);
    }

    private static SafeTensor RoundTrip(float value, TensorDtype dtype) => RoundTrip([value], dtype);

    private static SafeTensor RoundTrip(float[] values, TensorDtype dtype)
    {
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, [("t", [values.Length], values)], dtype: dtype);
        Assert.Equal(2 * values.Length, stream.Length - HeaderEnd(stream));
        stream.Position = 0;
        return SafeTensorsFile.Read(stream, "x").Tensors["t"];
    }

    private static long HeaderEnd(MemoryStream stream) => 8 + (long)BinaryPrimitives.ReadUInt64LittleEndian(stream.GetBuffer());

    // Reads of the data fail: the header must suffice.
    private sealed class HeaderOnly(byte[] header, long length) : MemoryStream(header)
    {
        public override long Length => length;

        // Reads into spans come here too: MemoryStream passes them on in what is derived from it.
        public override int Read(byte[] buffer, int offset, int count) =>
            Position < base.Length ? base.Read(buffer, offset, count) : throw new InvalidOperationException("the data was read");
    }

    [Fact]
    public void A_large_file_of_somebody_else_is_refused_by_its_header()
    {
        const long Data = 1L << 30;
        byte[] json = System.Text.Encoding.UTF8.GetBytes($$"""{"foreign":{"dtype":"F32","shape":[{{Data / 4}}],"data_offsets":[0,{{Data}}]} }""");
        byte[] header = [.. BitConverter.GetBytes((long)json.Length), .. json];
        using var file = new HeaderOnly(header, header.Length + Data);
        var e = Assert.Throws<VocoderException>(() => VoiceFile.Read(file, "large.safetensors"));
        Assert.Contains("large.safetensors: ", e.Message, StringComparison.Ordinal);
    }
}
