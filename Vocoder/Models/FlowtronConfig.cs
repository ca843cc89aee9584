namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="Flowtron"/>. The default values are those of the published model.</summary>
public sealed record FlowtronConfig
{
    /// <summary>Speakers, n_speakers. The default value is 1.</summary>
    public int Speakers { get; init; } = 1;

    /// <summary>Channels of a speaker, n_speaker_dim. The default value is 128.</summary>
    public int SpeakerChannels { get; init; } = 128;

    /// <summary>Symbols of the text, n_text. The default value is 185.</summary>
    public int Symbols { get; init; } = 185;

    /// <summary>Channels of the text, n_text_dim; even. The default value is 512.</summary>
    public int TextChannels { get; init; } = 512;

    /// <summary>Flows, n_flows. The default value is 2.</summary>
    public int Flows { get; init; } = 2;

    /// <summary>Bands of the mel, n_mel_channels. The default value is 80.</summary>
    public int MelChannels { get; init; } = 80;

    /// <summary>Channels of the LSTMs, n_hidden. The default value is 1024.</summary>
    public int Hidden { get; init; } = 1024;

    /// <summary>Channels of the attention, n_attn_channels. The default value is 640.</summary>
    public int AttentionChannels { get; init; } = 640;

    /// <summary>Layers of the decoder, n_lstm_layers. The default value is 2.</summary>
    public int LstmLayers { get; init; } = 2;

    /// <summary>Whether the attention looks at what it has read before, use_cumm_attention. The default value is false.</summary>
    public bool CumulativeAttention { get; init; }

    /// <summary>Components of a Gaussian mixture as the prior, n_components; 0 for a standard normal one. The default value is 0.</summary>
    public int Components { get; init; }

    /// <summary>Channels of the mixture's encoder of mels, mel_encoder_n_hidden; even. The default value is 512.</summary>
    public int MelEncoderChannels { get; init; } = 512;

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(Speakers is >= 1 and <= 100_000, "speakers", Speakers, "1 to 100000");
        JsonConfig.Check(SpeakerChannels is >= 1 and <= 4096, "speaker_channels", SpeakerChannels, "1 to 4096");
        JsonConfig.Check(Symbols is >= 1 and <= 100_000, "symbols", Symbols, "1 to 100000");
        JsonConfig.Check(TextChannels is >= 2 and <= 4096 && TextChannels % 2 == 0, "text_channels", TextChannels, "an even number from 2 to 4096");
        JsonConfig.Check(Flows is >= 1 and <= 32, "flows", Flows, "1 to 32");
        JsonConfig.Check(MelChannels is >= 1 and <= 1024, "mel_channels", MelChannels, "1 to 1024");
        JsonConfig.Check(Hidden is >= 1 and <= 8192, "hidden", Hidden, "1 to 8192");
        JsonConfig.Check(AttentionChannels is >= 1 and <= 8192, "attention_channels", AttentionChannels, "1 to 8192");
        JsonConfig.Check(Components is >= 0 and <= 64, "components", Components, "0 to 64");
        JsonConfig.Check(MelEncoderChannels is >= 2 and <= 4096 && MelEncoderChannels % 2 == 0, "mel_encoder_channels", MelEncoderChannels,
            "an even number from 2 to 4096");
        JsonConfig.Check(LstmLayers is >= 1 and <= 8, "lstm_layers", LstmLayers, "1 to 8");
    }
}
