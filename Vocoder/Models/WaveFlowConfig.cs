using System.Text.Json.Serialization;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>
/// Configuration of a <see cref="WaveFlow"/>, under the names that the published constructor has in JSON. The default values are the 64-channel model of the
/// paper (Ping et al. 2020, table 1) with its better permutation.
/// </summary>
public sealed record WaveFlowConfig
{
    /// <summary>Bands of the mel. The default value is 80.</summary>
    [JsonPropertyName("cin_channel")]
    public int MelChannels { get; init; } = 80;

    /// <summary>Residual and skip channels of each network. The default value is 64.</summary>
    [JsonPropertyName("res_channel")]
    public int Channels { get; init; } = 64;

    /// <summary>Rows of the plane that samples are squeezed into, and steps of synthesis; a divisor of the hop. The default value is 16.</summary>
    [JsonPropertyName("n_height")]
    public int Height { get; init; } = 16;

    /// <summary>Flows, an even number. The default value is 8.</summary>
    [JsonPropertyName("n_flow")]
    public int Flows { get; init; } = 8;

    /// <summary>Layers of each network; layer i has dilation 2^i along the width. The default value is 8.</summary>
    [JsonPropertyName("n_layer")]
    public int Layers { get; init; } = 8;

    /// <summary>Layers after which dilations along the height, 2^i, start again at 1. The default value is 1: no dilation.</summary>
    [JsonPropertyName("layers_per_dilation_h_cycle")]
    public int HeightCycle { get; init; } = 1;

    /// <summary>
    /// Whether the second half of the flows reverses the upper and the lower half of the rows each by itself, in place of all rows (Ping et al. 2020, sec.
    /// 3.3). The default value is true.
    /// </summary>
    [JsonPropertyName("bipartize")]
    public bool SplitHalves { get; init; } = true;

    /// <summary>Scales of the transposed convolutions that bring the mel to audio rate; their product is the hop. The default value is 16, 16.</summary>
    [JsonPropertyName("upsample_scales")]
    public int[] UpsampleScales { get; init; } = [16, 16];

    /// <summary>The configuration as JSON.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.WaveFlowConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static WaveFlowConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "a WaveFlow configuration", JsonConfigContext.Default.WaveFlowConfig);

    /// <summary>Checks that the numbers can be built, for mels of <paramref name="recipe"/>.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate(MelRecipe recipe)
    {
        JsonConfig.Check(MelChannels == recipe.Bands, "cin_channel", MelChannels, $"{recipe.Bands}, the bands of the mel recipe {recipe.Name}");
        JsonConfig.Check(Channels is >= 1 and <= 1024, "res_channel", Channels, "1 to 1024");
        JsonConfig.Check(Flows is >= 2 and <= 64 && Flows % 2 == 0, "n_flow", Flows, "an even number from 2 to 64");
        JsonConfig.Check(Layers is >= 1 and <= 16, "n_layer", Layers, "1 to 16");
        JsonConfig.Check(HeightCycle is >= 1 and <= 8, "layers_per_dilation_h_cycle", HeightCycle, "1 to 8");
        bool isEven = UpsampleScales.Length is >= 1 and <= 4 && UpsampleScales.All(s => s is >= 2 and <= 256 && s % 2 == 0);
        bool isHop = isEven && UpsampleScales.Aggregate(1L, (product, s) => product * s) == recipe.HopSize;
        JsonConfig.Check(isHop, "upsample_scales", string.Join(",", UpsampleScales),
            $"one to four even numbers of 2 to 256 whose product is the hop {recipe.HopSize}");
        bool fits = Height is >= 2 and <= 128 && recipe.HopSize % Height == 0 && (!SplitHalves || Height % 2 == 0);
        JsonConfig.Check(fits, "n_height", Height, $"a divisor of the hop {recipe.HopSize} from 2 to 128{(SplitHalves ? ", even with bipartize" : "")}");
    }
}
