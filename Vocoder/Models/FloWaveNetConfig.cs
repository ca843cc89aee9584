using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="FloWaveNet"/>. The default values are those of the published model.</summary>
public sealed record FloWaveNetConfig
{
    /// <summary>Bands of the mel, published as cin_channel. The default value is 80.</summary>
    public int MelChannels { get; init; } = 80;

    /// <summary>Context blocks, n_block; each halves the rate. The default value is 8.</summary>
    public int Blocks { get; init; } = 8;

    /// <summary>Flows of a block, n_flow. The default value is 6.</summary>
    public int Flows { get; init; } = 6;

    /// <summary>Layers of each network, n_layer. The default value is 2.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Affine couplings; else additive ones. The default value is true.</summary>
    public bool Affine { get; init; } = true;

    /// <summary>Blocks after which half of the channels leave, block_per_split. The default value is 4.</summary>
    public int BlocksPerSplit { get; init; } = 4;

    /// <summary>Channels of the networks. The default value is 256.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>Scales of the transposed convolutions that bring the mel to audio rate; their product is the hop. The default value is 16, 16.</summary>
    public int[] UpsampleScales { get; init; } = [16, 16];

    /// <summary>Samples of a frame.</summary>
    [JsonIgnore]
    internal int Hop => UpsampleScales.Aggregate(1, (product, scale) => unchecked(product * scale));

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.FloWaveNetConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static FloWaveNetConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "a FloWaveNet configuration", JsonConfigContext.Default.FloWaveNetConfig);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(MelChannels is >= 1 and <= 1024, "mel_channels", MelChannels, "1 to 1024");
        JsonConfig.Check(Blocks is >= 1 and <= 8, "blocks", Blocks, "1 to 8");
        JsonConfig.Check(Flows is >= 1 and <= 64, "flows", Flows, "1 to 64");
        JsonConfig.Check(Layers is >= 1 and <= 12, "layers", Layers, "1 to 12");
        JsonConfig.Check(BlocksPerSplit is >= 1, "blocks_per_split", BlocksPerSplit, "1 or more");
        JsonConfig.Check(Channels is >= 1 and <= 1024, "channels", Channels, "1 to 1024");
        bool isEven = UpsampleScales.Length is >= 1 and <= 4 && UpsampleScales.All(s => s is >= 2 and <= 64 && s % 2 == 0);
        JsonConfig.Check(isEven, "upsample_scales", string.Join(",", UpsampleScales), "one to four even numbers of 2 to 64");
    }
}
