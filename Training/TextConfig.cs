using FlowVocoder.Models;

namespace FlowVocoder.Training;

/// <summary>
/// How a <see cref="Flowtron"/> learns from recordings and their texts: the member text of a training configuration. The default values are those of the
/// published configuration where nothing else is said.
/// </summary>
public sealed record TextConfig
{
    /// <summary>A file of pronunciations, as cmudict, in which words are looked up; empty, the default value, for none.</summary>
    public string Dictionary { get; init; } = "";

    /// <summary>Share of the words that are looked up there, others in every epoch, 0 to 1. The default value is 0.5.</summary>
    public double Arpabet { get; init; } = 0.5;

    /// <summary>
    /// Whether the attention has a prior about the diagonal, until it reads by itself; then training goes on without. Cumulative attention has none. The
    /// default value is true.
    /// </summary>
    public bool AttentionPrior { get; init; } = true;

    /// <summary>How thin the prior is: its α and β are multiplied by it. The default value is 1.</summary>
    public double PriorScale { get; init; } = 1;

    /// <summary>Weight of the CTC loss that keeps the attention monotonic. The default value is 0.01.</summary>
    public float AttentionWeight { get; init; } = 0.01f;

    /// <summary>First step that has this loss. The default value is 10,000.</summary>
    public long AttentionFrom { get; init; } = 10_000;

    /// <summary>Standard deviation of the latents, where their prior is normal. The default value is 1.</summary>
    public float Sigma { get; init; } = 1;

    /// <summary>Recordings that are longer are left out, for memory grows with them, in seconds. The default value is 12.</summary>
    public double Longest { get; init; } = 12;

    /// <summary>
    /// Quieter by so many dB than the loudest frame is silence, which is taken off both ends but for 50 ms: attention has nothing to read there. 0, the
    /// default value, takes nothing off, as is published for recordings without silence at their ends.
    /// </summary>
    public double Trim { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="VocoderException">One of them is out of range; it is named with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(Arpabet is >= 0 and <= 1, "text.arpabet", Arpabet, "0 to 1");
        JsonConfig.Check(PriorScale is > 0 and <= 100, "text.prior_scale", PriorScale, "above 0, at most 100");
        JsonConfig.Check(AttentionWeight is >= 0 and <= 100, "text.attention_weight", AttentionWeight, "0 to 100");
        JsonConfig.Check(AttentionFrom >= 0, "text.attention_from", AttentionFrom, "0 or more");
        JsonConfig.Check(Sigma is > 0 and <= 10, "text.sigma", Sigma, "above 0, at most 10");
        JsonConfig.Check(Longest is > 0 and <= 60, "text.longest", Longest, "above 0, at most 60");
        JsonConfig.Check(Trim is >= 0 and <= 120, "text.trim", Trim, "0 to 120");
    }
}
