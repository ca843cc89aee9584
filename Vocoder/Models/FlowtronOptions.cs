namespace FlowVocoder.Models;

/// <summary>How a <see cref="Flowtron"/> speaks.</summary>
public sealed record FlowtronOptions
{
    /// <summary>Who speaks, from 0. The default value is 0.</summary>
    public int Speaker { get; init; }

    /// <summary>
    /// Standard deviation of the noise, 0 to 10: less is more even, more is livelier. The default value is 0.5, that of the published program.
    /// </summary>
    public float Sigma { get; init; } = 0.5f;

    /// <summary>Probability of having come to the end above which speech ends, 0 to 1; 1 never. The default value is 0.5.</summary>
    public double Gate { get; init; } = 0.5;

    /// <summary>Of the attention, above 0: above 1 flattens it. The default value is 1.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Frames after which speech ends where the gate has not opened, 1 to 100,000. The default value is 1000, 11.6 s.</summary>
    public int MaxFrames { get; init; } = 1000;

    /// <summary>Seed of the noise. The default value is 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Mean of the noise in each band, see <see cref="FlowtronStyle"/>; null is 0. The default value is null.</summary>
    public IReadOnlyList<float>? Style { get; init; }

    /// <summary>Checks ranges.</summary>
    /// <exception cref="VocoderException">A value is out of range; the message names it with its value and what was expected.</exception>
    public void Validate(FlowtronConfig config)
    {
        static void Check(bool holds, string name, object value, string expected)
        {
            if (!holds) throw new VocoderException(FormattableString.Invariant($"the {name} is {value}, expected {expected}"));
        }
        Check(Speaker >= 0 && Speaker < config.Speakers, "speaker", Speaker, config.Speakers == 1 ? "0"
            : FormattableString.Invariant($"0 to {config.Speakers - 1}"));
        Check(Sigma is >= 0 and <= 10, "sigma of the flow", Sigma, "0 to 10");
        Check(Gate is >= 0 and <= 1, "threshold of the gate", Gate, "0 to 1");
        Check(Temperature is > 0 and <= 100, "temperature of the attention", Temperature, "more than 0, at most 100");
        Check(MaxFrames is >= 1 and <= 100_000, "largest number of frames", MaxFrames, "1 to 100000");
        Check(Style == null || Style.Count == config.MelChannels, "number of bands of the style", Style?.Count ?? 0,
            FormattableString.Invariant($"{config.MelChannels}"));
    }
}
