using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class VoiceFileTests
{
    [Fact]
    public void A_voice_survives_a_round_trip_with_its_own_keys()
    {
        var read = Read(Bytes(Voice()));
        Assert.Equal("anna", read.Name);
        Assert.Equal("compact", read.Model);
        Assert.Equal("""{"group":64}""", read.Config);
        Assert.Equal("""{"rate":22050}""", read.Recipe);
        Assert.Equal("CC0", read.Licence);
        Assert.Equal("vocoder train", read.Provenance);
        Assert.Equal(1234, read.Steps);
        Assert.Equal("0.45", read.Metadata["mel_l1"]);
        Assert.Equal([1f, 2f, 3f], read.Tensors["w"].Data);
        Assert.Equal("voice.safetensors", read.Source);
    }

    [Fact]
    public void The_same_voice_gives_the_same_bytes_and_a_read_voice_too()
    {
        byte[] bytes = Bytes(Voice());
        Assert.Equal(bytes, Bytes(Voice()));
        Assert.Equal(bytes, Bytes(Read(bytes)));
    }

    [Fact]
    public void A_safetensors_file_that_is_no_voice_is_named_as_one()
    {
        var error = Assert.Throws<VocoderException>(() => VoiceFile.Read(WaveGlowFixture.Path("state_dict.safetensors")));
        Assert.Contains("no voice: found format", error.Message, StringComparison.Ordinal);
        Assert.Contains("'flowvocoder-voice'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("format", "pt", "found format 'pt'")]
    [InlineData("format", null, "found format none")]
    [InlineData("format_version", "2", "version '2', expected '1'")]
    [InlineData("format_version", null, "found no format_version")]
    [InlineData("recipe", null, "found no recipe")]
    [InlineData("licence", null, "found no licence")]
    [InlineData("config", "{", "found config '{'")]
    [InlineData("recipe", "[1]", "expected a JSON object")]
    [InlineData("steps", "-1", "found steps '-1'")]
    [InlineData("steps", "many", "found steps 'many'")]
    public void A_wrong_or_missing_key_gives_one_line(string key, string? value, string expected)
    {
        var metadata = new Dictionary<string, string>(Read(Bytes(Voice())).Metadata);
        metadata.Remove(key);
        if (value is not null)
        {
            metadata[key] = value;
        }
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, Voice().Tensors, metadata);
        var error = Assert.Throws<VocoderException>(() => Read(stream.ToArray()));
        Assert.StartsWith("voice.safetensors: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Weights_can_be_written_as_halves()
    {
        var voice = Voice();
        using var stream = new MemoryStream();
        voice.Write(stream, TensorDtype.F16);
        var read = Read(stream.ToArray());
        Assert.Equal(TensorDtype.F16, read.Tensors["w"].Dtype);
        Assert.Equal([1f, 2f, 3f], read.Tensors["w"].Data);
    }

    private static VoiceFile Voice() => new()
    {
        Name = "anna",
        Model = "compact",
        Config = """{"group":64}""",
        Recipe = """{"rate":22050}""",
        Licence = "CC0",
        Provenance = "vocoder train",
        Steps = 1234,
        Metadata = new Dictionary<string, string> { ["mel_l1"] = "0.45" },
        Tensors = new Dictionary<string, SafeTensor>
        {
            ["w"] = new([3, 1], [1, 2, 3]),
            ["n"] = new(TensorDtype.I64, [], new byte[8]),
            ["x1"] = new([1], [0]),
            ["x2"] = new([1], [0]),
            ["x3"] = new([1], [0]),
        },
    };

    private static byte[] Bytes(VoiceFile voice)
    {
        using var stream = new MemoryStream();
        voice.Write(stream);
        return stream.ToArray();
    }

    private static VoiceFile Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return VoiceFile.Read(stream, "voice.safetensors");
    }
}
