using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>
/// Configuration of a <see cref="Flowtron"/>, under the names that the published one has in JSON. The default values are those of the published model.
/// </summary>
public sealed record FlowtronConfig
{
    /// <summary>Speakers. The default value is 1.</summary>
    [JsonPropertyName("n_speakers")]
    public int Speakers { get; init; } = 1;

    /// <summary>Channels of a speaker. The default value is 128.</summary>
    [JsonPropertyName("n_speaker_dim")]
    public int SpeakerChannels { get; init; } = 128;

    /// <summary>Symbols of the text. The default value is 185.</summary>
    [JsonPropertyName("n_text")]
    public int Symbols { get; init; } = 185;

    /// <summary>Channels of the text; even. The default value is 512.</summary>
    [JsonPropertyName("n_text_dim")]
    public int TextChannels { get; init; } = 512;

    /// <summary>Flows. The default value is 2.</summary>
    [JsonPropertyName("n_flows")]
    public int Flows { get; init; } = 2;

    /// <summary>Bands of the mel. The default value is 80.</summary>
    [JsonPropertyName("n_mel_channels")]
    public int MelChannels { get; init; } = 80;

    /// <summary>Channels of the LSTMs. The default value is 1024.</summary>
    [JsonPropertyName("n_hidden")]
    public int Hidden { get; init; } = 1024;

    /// <summary>Channels of the attention. The default value is 640.</summary>
    [JsonPropertyName("n_attn_channels")]
    public int AttentionChannels { get; init; } = 640;

    /// <summary>Layers of the decoder. The default value is 2.</summary>
    [JsonPropertyName("n_lstm_layers")]
    public int LstmLayers { get; init; } = 2;

    /// <summary>Whether the attention looks at what it has read before. The default value is false.</summary>
    [JsonPropertyName("use_cumm_attention")]
    public bool CumulativeAttention { get; init; }

    /// <summary>Components of a Gaussian mixture as the prior; 0 for a standard normal one. The default value is 0.</summary>
    [JsonPropertyName("n_components")]
    public int Components { get; init; }

    /// <summary>Channels of the mixture's encoder of mels; even. The default value is 512.</summary>
    [JsonPropertyName("mel_encoder_n_hidden")]
    public int MelEncoderChannels { get; init; } = 512;

    /// <summary>The configuration as JSON.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.FlowtronConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static FlowtronConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "a Flowtron configuration", JsonConfigContext.Default.FlowtronConfig);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(Speakers is >= 1 and <= 100_000, "n_speakers", Speakers, "1 to 100000");
        JsonConfig.Check(SpeakerChannels is >= 1 and <= 4096, "n_speaker_dim", SpeakerChannels, "1 to 4096");
        JsonConfig.Check(Symbols is >= 1 and <= 100_000, "n_text", Symbols, "1 to 100000");
        JsonConfig.Check(TextChannels is >= 2 and <= 4096 && TextChannels % 2 == 0, "n_text_dim", TextChannels, "an even number from 2 to 4096");
        JsonConfig.Check(Flows is >= 1 and <= 32, "n_flows", Flows, "1 to 32");
        JsonConfig.Check(MelChannels is >= 1 and <= 1024, "n_mel_channels", MelChannels, "1 to 1024");
        JsonConfig.Check(Hidden is >= 1 and <= 8192, "n_hidden", Hidden, "1 to 8192");
        JsonConfig.Check(AttentionChannels is >= 1 and <= 8192, "n_attn_channels", AttentionChannels, "1 to 8192");
        JsonConfig.Check(Components is >= 0 and <= 64, "n_components", Components, "0 to 64");
        JsonConfig.Check(MelEncoderChannels is >= 2 and <= 4096 && MelEncoderChannels % 2 == 0, "mel_encoder_n_hidden", MelEncoderChannels,
            "an even number from 2 to 4096");
        JsonConfig.Check(LstmLayers is >= 1 and <= 8, "n_lstm_layers", LstmLayers, "1 to 8");
    }
}
