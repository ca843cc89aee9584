using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

/// <summary>
/// That each loss counts with its weight of the configuration, as the mean over its resolutions, and compares generated with recorded speech.
/// </summary>
public class GenerationLossTests
{
    private static readonly TrainingConfig s_config = TinyCorpus.Config with { Batch = 2 };
    private static readonly CpuOps s_ops = new();
    private static readonly CompactVocoder s_model = TinyCorpus.Model(s_config);
    private static readonly SpeechBatch s_batch = Load();
    private static readonly Tensor s_first = Samples.Normal(new Random(1), 2, 1, s_batch.Speech.Length, 0.7),
        s_second = Samples.Normal(new Random(2), 2, 1, s_batch.Speech.Length, 0.7);

    private static SpeechBatch Load()
    {
        int frames = s_config.CropFrames;
        var crops = new CropSampler(TinyCorpus.Data.Train, frames, TinyCorpus.Recipe.HopSize, s_config.Seed, 0, 0);
        return new SpeechLoader(s_model, frames, new Philox(3)).Load(s_ops, crops.Draw(0, 0, s_config.Batch), 0);
    }

    private static double Loss(TrainingConfig config) => new GenerationLoss(s_model, config)
        .Apply(s_ops, s_batch, new Spoken(s_second, s_first), () => new Spoken(s_first, s_second), out _)!.Item;

    // One class called directly at every window length.
    private static double[] Directly(Func<LogMelLoss, double> loss) =>
        [.. LogMelLoss.Resolutions(TinyCorpus.Recipe).Select(r => new LogMelLoss(r)).Select(loss)];

    private static double[] OfMagnitudes(Func<Ops, Tensor, Tensor, Tensor> loss) => Directly(mel =>
        loss(s_ops, mel.Spectrum.Magnitude(s_ops, s_first), mel.Spectrum.Magnitude(s_ops, s_batch.Speech)).Item);

    public static TheoryData<string> Spectral => ["stft", "power", "mel"];

    [Theory, MemberData(nameof(Spectral))]
    public void A_weight_counts_its_loss_as_the_mean_over_the_resolutions(string name)
    {
        double[] losses = name switch
        {
            "stft" => OfMagnitudes(StftLoss.Apply),
            "power" => OfMagnitudes(PowerLoss.Apply),
            _ => Directly(mel => mel.Apply(s_ops, s_first, s_batch.Speech).Item),
        };
        TrainingConfig Weighted(float weight, int resolutions) => name switch
        {
            "stft" => s_config with { StftLossWeight = weight, MelLossResolutions = resolutions },
            "power" => s_config with { PowerLossWeight = weight, MelLossResolutions = resolutions },
            _ => s_config with { MelLossWeight = weight, MelLossRepulsion = 0, MelLossVoicedRepulsion = 0, MelLossResolutions = resolutions },
        };
        Assert.Equal(4, losses.Length);
        for (int resolutions = 1; resolutions <= 4; resolutions++)
        {
            double expected = losses.Take(resolutions).Average(), once = Loss(Weighted(1, resolutions));
            Assert.Equal(expected, once, 1e-5 * expected);
            Assert.Equal(expected, Loss(Weighted(2, resolutions)) - once, 2e-5 * expected);
        }
        // What no mean or single resolution could be taken for.
        Assert.True(losses.Max() - losses.Min() > 0.01 * losses.Max(), string.Join(", ", losses));
    }

    [Fact]
    public void The_tone_loss_counts_with_its_weight_once_for_all_resolutions()
    {
        double expected = ToneLoss.Apply(s_ops, s_first, s_second, TinyCorpus.Recipe.HopSize).Item;
        Assert.Equal(1.5 * expected, Loss(s_config with { ToneLossWeight = 1.5f }), 1e-5 * Math.Abs(expected));
    }

    [Fact]
    public void Losses_add_up()
    {
        TrainingConfig stft = s_config with { StftLossWeight = 0.5f }, power = s_config with { PowerLossWeight = 3 }, mel = s_config with { MelLossWeight = 2 };
        double expected = Loss(stft) + Loss(power) + Loss(mel);
        Assert.Equal(expected, Loss(s_config with { StftLossWeight = 0.5f, PowerLossWeight = 3, MelLossWeight = 2 }), 1e-5 * expected);
    }

    [Fact]
    public void The_mel_loss_compares_two_generations_as_far_as_it_repels()
    {
        double[] distances = Directly(mel => mel.EnergyDistance(s_ops, s_first, s_second, s_batch.Speech, null, out _).Item);
        Assert.Equal(distances.Average(), Loss(s_config with { MelLossWeight = 1, MelLossResolutions = 4 }), 1e-5);
    }
}
