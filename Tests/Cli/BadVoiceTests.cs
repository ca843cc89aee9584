using System.Buffers.Binary;
using System.Text;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class BadVoiceTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private byte[] Good => File.ReadAllBytes(fixture.Voice);

    // Same length, so that offsets stay right.
    private byte[] Replaced(string from, string to)
    {
        Assert.Equal(from.Length, to.Length);
        string text = Encoding.Latin1.GetString(Good);
        Assert.Contains(from, text, StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
    }

    private void Refused(byte[] bytes, params string[] parts)
    {
        using var folder = new TempFolder();
        string voice = folder.Add("bad.safetensors", bytes);
        CliFixture.Run("synth", fixture.Npy, folder["out.wav"], "--voice", voice).Fails(1, [voice, .. parts]);
        CliFixture.Run("info", voice).Fails(1, [voice, .. parts]);
        Assert.Equal(["bad.safetensors"], folder.Entries());
    }

    [Fact]
    public void Something_else_is_refused() => Refused("RIFF, but no voice at all"u8.ToArray());

    [Fact]
    public void A_truncated_voice_is_refused() => Refused(Good[..^100]);

    [Fact]
    public void A_header_of_2_to_the_60_bytes_is_refused()
    {
        byte[] bytes = Good;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, 1UL << 60);
        Refused(bytes, "1152921504606846976");
    }

    [Fact]
    public void Another_version_is_refused() => Refused(Replaced("\"format_version\":\"1\"", "\"format_version\":\"9\""), "'9'", "expected '1'");

    [Fact]
    public void Another_kind_of_model_is_refused() => Refused(Replaced("\"model\":\"compact\"", "\"model\":\"vortex7\""), "'vortex7'");

    [Fact]
    public void Weights_that_do_not_fit_the_configuration_are_refused() => Refused(Replaced("\\\"channels\\\": 8", "\\\"channels\\\": 9"));

    [Fact]
    public void A_weight_that_is_NaN_is_refused_by_name()
    {
        byte[] voice = Good;
        BinaryPrimitives.WriteSingleLittleEndian(voice.AsSpan(voice.Length - 4), float.NaN);
        Refused(voice, "tensor '", "found a value that is NaN or infinite");
    }

    private void Zeroed(Func<string, bool> which, params string[] parts)
    {
        VoiceFile good = VoiceFile.Read(fixture.Voice);
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, good.Tensors.ToDictionary(t => t.Key, t => which(t.Key) ? new SafeTensor(t.Value.Shape, new float[t.Value.Data.Length])
            : t.Value), good.Metadata);
        Refused(stream.ToArray(), parts);
    }

    [Fact]
    public void A_convolution_without_an_inverse_is_refused_by_name() =>
        Zeroed(name => name.StartsWith("convinv.1.", StringComparison.Ordinal), "the 1×1 convolution 'convinv.1': ", "expected");

    [Fact]
    public void Weights_without_a_direction_are_refused_by_name() =>
        Zeroed(name => name == "WN.0.start.weight_v", "tensor 'WN.0.start.weight_v': output channel 0 is all zeros");

    [Fact]
    public void A_voice_of_zeros_is_refused() => Zeroed(_ => true);

    [Fact]
    public void A_configuration_that_cannot_be_built_is_refused_by_name() =>
        Refused(Replaced("\\\"group\\\": 64", "\\\"group\\\": 63"), "group is 63, expected a divisor of the hop 256");
}
