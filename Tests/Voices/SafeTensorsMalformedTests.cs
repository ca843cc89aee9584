using System.Buffers.Binary;
using System.Text;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class SafeTensorsMalformedTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    [Fact]
    public void The_file_that_the_malformed_ones_vary_is_read() =>
        Assert.Equal([0f, 0f], Read(File(Good, 8)).Tensors["a"].Data);

    [Theory]
    [InlineData("{", 0, "JSON")]
    [InlineData("[]", 0, "Array")]
    [InlineData("hello", 0, "JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"a":1}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 0, "data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", 8, "'x'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""", 8, "'shape'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "'a': found the name twice")]
    [InlineData("""{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", 8, "'F31'")]
    [InlineData("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", 8, "'7'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "shape [-2]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "shape [2.5]")]
    [InlineData("""{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}""", 8, "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "found 8 bytes of data, expected F32 times shape [3]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[65536,65536,0],"data_offsets":[0,0]}}""", 0, "'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""", 8, "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[250000000],"data_offsets":[0,1000000000]}}""", 8, "the 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "[8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "[0, 8, 8]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gaps")]
    [InlineData(Good, 9, "found 9 bytes of data, expected the 8")]
    [InlineData(Good, 7, "the 7 bytes")]
    [InlineData("""{"__metadata__":[]}""", 0, "Array")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "'k'")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "'k'")]
    [InlineData("""{"a\nb":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}""", 4, "'a?b'")]
    public void A_malformed_header_gives_one_line_that_says_what(string header, int dataBytes, string expected)
    {
        var error = Assert.Throws<VocoderException>(() => Read(File(header, dataBytes)));
        Assert.StartsWith("x.safetensors: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(error.Message.Length < 400);
    }

    [Theory]
    [InlineData(1ul << 60)]
    [InlineData(ulong.MaxValue)]
    [InlineData(63ul)]
    public void A_header_length_beyond_the_file_is_refused(ulong length)
    {
        byte[] bytes = File(Good, 8);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var error = Assert.Throws<VocoderException>(() => Read(bytes));
        Assert.Contains($"header length of {length}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_prefix_of_a_file_is_refused()
    {
        byte[] bytes = File(Good, 8);
        for (int length = 0; length < bytes.Length; length++)
        {
            byte[] prefix = bytes[..length];
            Assert.Throws<VocoderException>(() => Read(prefix));
        }
    }

    [Fact]
    public void Invalid_utf8_and_deep_nesting_are_refused()
    {
        byte[] bytes = File(Good, 8);
        bytes[8 + Good.IndexOf('a', StringComparison.Ordinal)] = 0xFF;
        Assert.Contains("UTF-8", Assert.Throws<VocoderException>(() => Read(bytes)).Message, StringComparison.Ordinal);
        Assert.Throws<VocoderException>(() => Read(File(new string('[', 100_000), 0)));
    }

    [Fact]
    public void A_stream_without_a_length_is_checked_as_well()
    {
        byte[] bytes = File(Good, 8);
        Assert.Equal(2, SafeTensorsFile.Read(new Unseekable(bytes), "x").Tensors["a"].Data.Length);
        Assert.Throws<VocoderException>(() => SafeTensorsFile.Read(new Unseekable(bytes[..^1]), "x"));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-folder-7b1f", "voice.safetensors");
        Assert.Equal($"{path}: no such file", Assert.Throws<VocoderException>(() => SafeTensorsFile.Read(path)).Message);
    }

    [Fact]
    public void Random_damage_to_the_header_never_gives_another_error()
    {
        byte[] good = System.IO.File.ReadAllBytes(WaveGlowFixture.Path("state_dict.safetensors"))[..20000];
        var random = new Random(5);
        for (int trial = 0; trial < 500; trial++)
        {
            byte[] bytes = [.. good];
            for (int i = 0; i < 3; i++)
            {
                bytes[random.Next(trial % 2 == 0 ? 400 : bytes.Length)] = (byte)random.Next(256);
            }
            // The file is cut in its data, so that there is no way to be right.
            Assert.Throws<VocoderException>(() => Read(bytes));
        }
    }

    private static byte[] File(string header, int dataBytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    private static SafeTensorsFile Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return SafeTensorsFile.Read(stream, "x.safetensors");
    }

    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        // CopyTo of the base class would look at the position.
        public override void CopyTo(Stream destination, int bufferSize) => destination.Write(ToArray());
    }
}
