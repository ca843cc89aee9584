using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="ClariNet"/>. The default values are those of the published student.</summary>
public sealed record ClariNetConfig
{
    /// <summary>Bands of the mel, published as cin_channels. The default value is 80.</summary>
    public int MelChannels { get; init; } = 80;

    /// <summary>Blocks of dilations of each flow, num_blocks_student. The default value is 1, 1, 1, 1, 1, 1.</summary>
    public int[] Blocks { get; init; } = [1, 1, 1, 1, 1, 1];

    /// <summary>Layers of a block, num_layers, whose dilations double from 1. The default value is 10.</summary>
    public int Layers { get; init; } = 10;

    /// <summary>Taps of the first convolution of each flow, front_channels. The default value is 32.</summary>
    public int FrontTaps { get; init; } = 32;

    /// <summary>Residual channels. The default value is 64.</summary>
    public int Residual { get; init; } = 64;

    /// <summary>Gate channels. The default value is 128.</summary>
    public int Gate { get; init; } = 128;

    /// <summary>Skip channels. The default value is 64.</summary>
    public int Skip { get; init; } = 64;

    /// <summary>Taps of the dilated convolutions, kernel_size. The default value is 3.</summary>
    public int Kernel { get; init; } = 3;

    /// <summary>
    /// Scales of the teacher's transposed convolutions, which bring the mel to audio rate; their product is the hop. The default value is 16, 16.
    /// </summary>
    public int[] UpsampleScales { get; init; } = [16, 16];

    /// <summary>Samples of a frame.</summary>
    [JsonIgnore]
    internal int Hop => HopOf(UpsampleScales);

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.ClariNetConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static ClariNetConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "a ClariNet configuration", JsonConfigContext.Default.ClariNetConfig);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(Blocks.Length is >= 1 and <= 32 && Blocks.All(b => b is >= 1 and <= 16), "blocks", string.Join(",", Blocks),
            "1 to 32 numbers of 1 to 16");
        JsonConfig.Check(FrontTaps is >= 1 and <= 256, "front_taps", FrontTaps, "1 to 256");
        Check(MelChannels, Layers, Residual, Gate, Skip, Kernel, UpsampleScales);
    }

    /// <summary>Samples of a frame that scales of up-sampling make.</summary>
    internal static int HopOf(int[] scales) => scales.Aggregate(1, (product, scale) => unchecked(product * scale));

    /// <summary>Checks what teacher and student have in common.</summary>
    internal static void Check(int melChannels, int layers, int residual, int gate, int skip, int kernel, int[] upsampleScales)
    {
        JsonConfig.Check(melChannels is >= 1 and <= 1024, "mel_channels", melChannels, "1 to 1024");
        JsonConfig.Check(layers is >= 1 and <= 12, "layers", layers, "1 to 12");
        JsonConfig.Check(residual is >= 1 and <= 1024, "residual", residual, "1 to 1024");
        JsonConfig.Check(gate is >= 1 and <= 1024, "gate", gate, "1 to 1024");
        JsonConfig.Check(skip is >= 1 and <= 1024, "skip", skip, "1 to 1024");
        JsonConfig.Check(kernel is >= 1 and <= 16, "kernel", kernel, "1 to 16");
        bool isEven = upsampleScales.Length is >= 1 and <= 4 && upsampleScales.All(s => s is >= 2 and <= 64 && s % 2 == 0);
        JsonConfig.Check(isEven, "upsample_scales", string.Join(",", upsampleScales), "one to four even numbers of 2 to 64");
    }
}
