using FlowVocoder.Models;

namespace FlowVocoder.Training.Adversarial;

/// <summary>How discriminators teach a voice: the member adversarial of a training configuration.</summary>
public sealed record AdversarialConfig
{
    /// <summary>Weight of the voice's loss against each discriminator; 0 has none. The default value is 0.</summary>
    public float Weight { get; init; }

    /// <summary>Weight of the distance of the features that a discriminator finds in generated and recorded speech. The default value is 2.</summary>
    public float FeatureWeight { get; init; } = 2f;

    /// <summary>First step that has discriminators. The default value is 0.</summary>
    public long From { get; init; }

    /// <summary>Steps from <see cref="From"/> on in which they learn and do not teach yet. The default value is 500.</summary>
    public long Alone { get; init; } = 500;

    /// <summary>Their learning rate, which falls as the voice's does. The default value is 0.0002.</summary>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Periods in samples at which speech is folded for a discriminator of each. The default value is 2, 3, 5, 7, 11.</summary>
    public int[] Periods { get; init; } = [2, 3, 5, 7, 11];

    /// <summary>Transform lengths of the spectra that a discriminator of each sees. The default value is 512, 1024, 2048.</summary>
    public int[] Spectra { get; init; } = [512, 1024, 2048];

    /// <summary>Channels of the first layer; each of the others has twice as many as the one before. The default value is 16.</summary>
    public int Channels { get; init; } = 16;

    internal void Validate()
    {
        JsonConfig.Check(Weight >= 0, "adversarial.weight", Weight, "0 or more");
        JsonConfig.Check(FeatureWeight >= 0, "adversarial.feature_weight", FeatureWeight, "0 or more");
        JsonConfig.Check(From >= 0, "adversarial.from", From, "0 or more");
        JsonConfig.Check(Alone >= 0, "adversarial.alone", Alone, "0 or more");
        JsonConfig.Check(LearningRate is > 0 and <= 1, "adversarial.learning_rate", LearningRate, "above 0, at most 1");
        JsonConfig.Check(Periods.All(p => p is >= 1 and <= 64), "adversarial.periods", string.Join(",", Periods), "numbers of 1 to 64");
        JsonConfig.Check(Spectra.All(n => n is >= 64 and <= 4096 && System.Numerics.BitOperations.IsPow2(n)), "adversarial.spectra", string.Join(",", Spectra),
            "powers of two from 64 to 4096");
        JsonConfig.Check(Weight == 0 || Periods.Length + Spectra.Length > 0, "adversarial.periods", "none", "some, or some spectra, with a weight above 0");
        JsonConfig.Check(Channels is >= 1 and <= 256, "adversarial.channels", Channels, "1 to 256");
    }
}
