using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="ClariNetTeacher"/>. The default values are those of the published teacher.</summary>
public sealed record ClariNetTeacherConfig
{
    // Beyond this no recording reaches.
    private const double LongestDilation = 1 << 20;

    /// <summary>Bands of the mel, published as cin_channels. The default value is 80.</summary>
    public int MelChannels { get; init; } = 80;

    /// <summary>Blocks of dilations, num_blocks. The default value is 2.</summary>
    public int Blocks { get; init; } = 2;

    /// <summary>Layers of a block, num_layers. The default value is 10.</summary>
    public int Layers { get; init; } = 10;

    /// <summary>Residual channels. The default value is 128.</summary>
    public int Residual { get; init; } = 128;

    /// <summary>Gate channels. The default value is 256.</summary>
    public int Gate { get; init; } = 256;

    /// <summary>Skip channels. The default value is 128.</summary>
    public int Skip { get; init; } = 128;

    /// <summary>Taps of the dilated convolutions, kernel_size, and factor from one dilation to the next. The default value is 2.</summary>
    public int Kernel { get; init; } = 2;

    /// <summary>Scales of the transposed convolutions that bring the mel to audio rate; their product is the hop. The default value is 16, 16.</summary>
    public int[] UpsampleScales { get; init; } = [16, 16];

    /// <summary>Samples of a frame.</summary>
    [JsonIgnore]
    internal int Hop => ClariNetConfig.HopOf(UpsampleScales);

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.ClariNetTeacherConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static ClariNetTeacherConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "the configuration of a ClariNet's teacher", JsonConfigContext.Default.ClariNetTeacherConfig);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(Blocks is >= 1 and <= 16, "blocks", Blocks, "1 to 16");
        ClariNetConfig.Check(MelChannels, Layers, Residual, Gate, Skip, Kernel, UpsampleScales);
        JsonConfig.Check(Math.Pow(Kernel, Layers - 1) <= LongestDilation, "layers", Layers,
            $"dilations {Kernel}^(layers - 1) of at most {LongestDilation:0}");
    }
}
