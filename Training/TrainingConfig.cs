using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Matching;
using FlowVocoder.Models;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Training;

/// <summary>Everything that a training run is determined by, as read from a configuration file.</summary>
public sealed record TrainingConfig
{
    /// <summary>Name of the mel recipe. The default value is hifigan.</summary>
    public string Recipe { get; init; } = "hifigan";

    /// <summary>The compact flow to train.</summary>
    public CompactConfig Model { get; init; } = new();

    /// <summary>A WaveFlow to train in place of it, by its likelihood alone; null, the default, for none.</summary>
    public WaveFlowConfig? WaveFlow { get; init; }

    /// <summary>The same of a FloWaveNet.</summary>
    public FloWaveNetConfig? FloWaveNet { get; init; }

    /// <summary>The same of a WaveNODE.</summary>
    public WaveNodeConfig? WaveNode { get; init; }

    /// <summary>The same of a ClariNet's teacher.</summary>
    public ClariNetTeacherConfig? ClariNetTeacher { get; init; }

    /// <summary>A ClariNet's student, which learns from its teacher and by <see cref="DistillationConfig.FrameWeight"/>; null, the default, for none.</summary>
    public ClariNetConfig? ClariNet { get; init; }

    /// <summary>A Flowtron to train in place of them, which makes mels of texts; null, the default, for none.</summary>
    public FlowtronConfig? Flowtron { get; init; }

    /// <summary>How a Flowtron learns; without meaning for other models.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>The configurations of the models in place of the compact one, as text; empty without.</summary>
    internal string Family => WaveFlow?.ToJson() + FloWaveNet?.ToJson() + WaveNode?.ToJson() + ClariNetTeacher?.ToJson() + ClariNet?.ToJson()
        + Flowtron?.ToJson();

    /// <summary>
    /// Whether activations of the likelihood's flows are rebuilt from their outputs while gradients run back, instead of stored (Gomez et al. 2017): memory
    /// does not grow with the number of flows, and a step takes longer. For couplings. The default value is false.
    /// </summary>
    public bool Reversible { get; init; }

    /// <summary>Number of steps after which the learning rate has reached its end. The default value is 20,000.</summary>
    public long Steps { get; init; } = 20_000;

    /// <summary>Crops in a step. The default value is 12.</summary>
    public int Batch { get; init; } = 12;

    /// <summary>Mel frames in a crop. The default value is 32.</summary>
    public int CropFrames { get; init; } = 32;

    /// <summary>Highest learning rate. The default value is 0.001.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Last learning rate, reached along a cosine. The default value is 0.00001.</summary>
    public double FinalLearningRate { get; init; } = 1e-5;

    /// <summary>Steps over which the learning rate rises from 0. The default value is 200.</summary>
    public long Warmup { get; init; } = 200;

    /// <summary>
    /// Decay of the second moment of the gradients, β₂ of Adam. The default value is 0.99, as HiFi-GAN has it (Kong et al. 2020, sec. 3), and under which the
    /// voices that ship were trained; Kingma and Ba (2015) suggest 0.999.
    /// </summary>
    public float Beta2 { get; init; } = 0.99f;

    /// <summary>Decoupled weight decay of matrices and kernels; gains, biases and log-scales do not decay. The default value is 0.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Largest norm of the gradient. The default value is 1.</summary>
    public float ClipNorm { get; init; } = 1f;

    /// <summary>A step whose loss is above the running mean by this many nats is skipped and counted. The default value is 10.</summary>
    public double LossGuard { get; init; } = 10;

    /// <summary>Decay of the moving average of the weights, which is what the voice is made of. The default value is 0.999.</summary>
    public double AverageDecay { get; init; } = 0.999;

    /// <summary>
    /// Weight of the log-mel distance between generated and recorded speech, the mean over its resolutions, beside the negative log-likelihood.
    /// 0 leaves it away. The default value is 0.
    /// </summary>
    public float MelLossWeight { get; init; }

    /// <summary>
    /// How far the mel loss pushes two generations of the same speech apart, 0 to 1. At 1 it is an energy distance, which leaves chance its part;
    /// at 0 a plain distance, which in the long run takes all chance out of the voice. The default value is 1.
    /// </summary>
    public float MelLossRepulsion { get; init; } = 1f;

    /// <summary>
    /// The same where speech is voiced. There mel and phase leave little to chance, and less than 1 brings the voice nearer to the recording
    /// without the buzz that it gives fricatives. The default value is 1.
    /// </summary>
    public float MelLossVoicedRepulsion { get; init; } = 1f;

    /// <summary>
    /// Up to this frequency in Hz voiced speech is taken as harmonics, above it as noise like any other (the maximum voiced frequency of Stylianou 2001):
    /// from here on <see cref="MelLossRepulsion"/> counts there too. The default value is 4000.
    /// </summary>
    public float MaxVoicedFrequency { get; init; } = 4000f;

    /// <summary>
    /// Weight of spectral convergence and log-magnitude distance between generated and recorded speech (Yamamoto et al. 2020). The default value is 0.
    /// </summary>
    public float StftLossWeight { get; init; }

    /// <summary>Weight of the distance between their powers in every bin, averaged over time (Parallel WaveNet). The default value is 0.</summary>
    public float PowerLossWeight { get; init; }

    /// <summary>
    /// Passes of mel matching that generated speech goes through before it is compared, as when it is spoken: what they make good need not be learnt. The
    /// default value is 0.
    /// </summary>
    public int MatchPasses { get; init; }

    /// <summary>Discriminators to learn against; none by default.</summary>
    public AdversarialConfig Adversarial { get; init; } = new();

    /// <summary>How a student is taught; without meaning where there is no teacher.</summary>
    public DistillationConfig Distillation { get; init; } = new();

    /// <summary>
    /// Whether generated speech is spoken from the F0 that the predictor hears in the mel, as it is when training is over; else from that of the recording,
    /// with its phase. The default value is false.
    /// </summary>
    public bool PredictedPhase { get; init; }

    /// <summary>Part of the generated crops whose mels are smoothed, as those of acoustic models are, 0 to 1. The default value is 0.</summary>
    public float BlurredCrops { get; init; }

    /// <summary>
    /// Windows of the mel, STFT and power losses: 1 is the recipe's own, 2 and 3 add a half and a quarter of it, 4 the bins of a window twice as long. The
    /// default value is 3.
    /// </summary>
    public int MelLossResolutions { get; init; } = 3;

    /// <summary>Weight of steady tones at multiples of the sample rate over the hop in generated speech, hum and buzz. The default value is 0.</summary>
    public float ToneLossWeight { get; init; }

    /// <summary>First step that has these losses: generation is worth shaping once the likelihood has done its part. The default value is 0.</summary>
    public long MelLossFrom { get; init; }

    /// <summary>
    /// Further crops in a step of which only the pitch predictor learns: a mel costs little beside its flow, and a mel is all it needs. The default value is 0.
    /// </summary>
    public int PitchCrops { get; init; }

    /// <summary>Lowest gain in dB at which a crop is seen. The default value is −12.</summary>
    public float QuietestGain { get; init; } = -12f;

    /// <summary>Highest gain in dB. The default value is 3.</summary>
    public float LoudestGain { get; init; } = 3f;

    /// <summary>Seed of weights, crops and noise. The default value is 1234.</summary>
    public ulong Seed { get; init; } = 1234;

    /// <summary>Steps between log lines. The default value is 50.</summary>
    public long LogEvery { get; init; } = 50;

    /// <summary>Steps between validations. The default value is 500.</summary>
    public long ValidateEvery { get; init; } = 500;

    /// <summary>Steps between checkpoints. The default value is 500.</summary>
    public long SaveEvery { get; init; } = 500;

    /// <summary>Whether it is a continuous flow, which learns by flow matching.</summary>
    internal bool IsMatching => Family.Length == 0 && Model.Flow == FlowKind.Continuous;

    /// <summary>Whether speech is generated while training, to be compared with the recording.</summary>
    internal bool HasGenerationLoss => MelLossWeight > 0 || StftLossWeight > 0 || PowerLossWeight > 0 || ToneLossWeight > 0 || Adversarial.Weight > 0;

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, TrainingJson.Type);

    /// <summary>Reads a configuration; absent members keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static TrainingConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "the training configuration", TrainingJson.Type);

    /// <summary>The learning rate of a step: a linear rise, then half a cosine down.</summary>
    public double LearningRateAt(long step)
    {
        if (step < Warmup) return LearningRate * (step + 1) / Warmup;
        double progress = Math.Min(1, (double)(step - Warmup) / Math.Max(1, Steps - Warmup));
        return FinalLearningRate + 0.5 * (LearningRate - FinalLearningRate) * (1 + Math.Cos(Math.PI * progress));
    }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="VocoderException">One of them is out of range; it is named with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(!Reversible || (Family.Length == 0 && Model.Flow == FlowKind.Coupling), "reversible", "true",
            "false for all but couplings: the others are undone step by step");
        JsonConfig.Check(Steps >= 1, "steps", Steps, "1 or more");
        JsonConfig.Check(Batch is >= 1 and <= 4096, "batch", Batch, "1 to 4096");
        JsonConfig.Check(CropFrames is >= 2 and <= 4096, "crop_frames", CropFrames, "2 to 4096");
        JsonConfig.Check(LearningRate is > 0 and <= 1, "learning_rate", LearningRate, "above 0, at most 1");
        JsonConfig.Check(FinalLearningRate >= 0 && FinalLearningRate <= LearningRate, "final_learning_rate", FinalLearningRate, "0 to learning_rate");
        JsonConfig.Check(Warmup >= 0, "warmup", Warmup, "0 or more");
        JsonConfig.Check(Beta2 is >= 0 and < 1, "beta2", Beta2, "0 to below 1");
        JsonConfig.Check(WeightDecay >= 0, "weight_decay", WeightDecay, "0 or more");
        JsonConfig.Check(ClipNorm >= 0, "clip_norm", ClipNorm, "0 or more");
        JsonConfig.Check(LossGuard > 0, "loss_guard", LossGuard, "above 0");
        JsonConfig.Check(AverageDecay is >= 0 and < 1, "average_decay", AverageDecay, "0 to below 1");
        foreach (var (name, weight) in new[] { ("mel_loss_weight", MelLossWeight), ("stft_loss_weight", StftLossWeight), ("power_loss_weight", PowerLossWeight),
            ("tone_loss_weight", ToneLossWeight) })
        {
            JsonConfig.Check(weight >= 0, name, weight, "0 or more");
            JsonConfig.Check(weight == 0 || Model.Flow != FlowKind.Maf, name, weight, "0 for a maf, which generates step by step");
        }
        ValidateFamily();
        Distillation.Validate();
        Adversarial.Validate();
        JsonConfig.Check(Adversarial.Weight == 0 || Model.Flow != FlowKind.Maf, "adversarial.weight", Adversarial.Weight,
            "0 for a maf, which generates step by step");
        JsonConfig.Check(MatchPasses is >= 0 and <= 4, "match_passes", MatchPasses, "0 to 4");
        if (HasGenerationLoss)
        {
            var recipe = MelRecipe.ByName(Recipe);
            if (MatchPasses > 0 && MelMatching.Refusal(recipe) is { } reason)
                throw new VocoderException("configuration: match_passes is " + MatchPasses + ", expected 0: " + reason);
            // What matching takes off at either end, and the longest window.
            int window = recipe.FftSize / recipe.HopSize, least = (MelLossResolutions > 3 ? 2 : 1) * window + MatchPasses * 2 * (window - 1)
                + (MatchPasses > 0 ? 2 : 0);
            JsonConfig.Check(CropFrames >= least, "crop_frames", CropFrames,
                $"at least {least}, what the longest window of the mel recipe {recipe.Name} needs, with losses of generated speech");
        }
        JsonConfig.Check(MelLossRepulsion is >= 0 and <= 1, "mel_loss_repulsion", MelLossRepulsion, "0 to 1");
        JsonConfig.Check(MelLossVoicedRepulsion is >= 0 and <= 1, "mel_loss_voiced_repulsion", MelLossVoicedRepulsion, "0 to 1");
        JsonConfig.Check(MaxVoicedFrequency >= 0, "max_voiced_frequency", MaxVoicedFrequency, "0 or more");
        JsonConfig.Check(MelLossResolutions is >= 1 and <= 4, "mel_loss_resolutions", MelLossResolutions, "1 to 4");
        JsonConfig.Check(BlurredCrops is >= 0 and <= 1, "blurred_crops", BlurredCrops, "0 to 1");
        JsonConfig.Check(PitchCrops is >= 0 and <= 4096, "pitch_crops", PitchCrops, "0 to 4096");
        JsonConfig.Check(QuietestGain <= LoudestGain, "quietest_gain", QuietestGain, "at most loudest_gain");
        JsonConfig.Check(LogEvery >= 1, "log_every", LogEvery, "1 or more");
        JsonConfig.Check(ValidateEvery >= 1, "validate_every", ValidateEvery, "1 or more");
        JsonConfig.Check(SaveEvery >= 1, "save_every", SaveEvery, "1 or more");
    }

    // A model in place of the compact one is alone, and has no losses but its own.
    private void ValidateFamily()
    {
        (string Name, object? Model)[] families = [("wave_flow", WaveFlow), ("flo_wave_net", FloWaveNet), ("wave_node", WaveNode),
            ("clari_net_teacher", ClariNetTeacher), ("clari_net", ClariNet), ("flowtron", Flowtron)];
        foreach (var (name, asked) in families.Where(family => family.Model != null))
        {
            bool isAlone = Model.ToJson() == new CompactConfig().ToJson() && families.Count(family => family.Model != null) == 1;
            JsonConfig.Check(isAlone, "model", "another than the default",
                $"no other beside {name}: a run trains one model, and the settings of this one are {name}.NAME");
            string alone = asked is ClariNetConfig ? "it learns by what its teacher says and distillation.frame_weight" : "it learns by its likelihood alone";
            JsonConfig.Check(!HasGenerationLoss && PitchCrops == 0, name, "one with losses of generated speech or pitch crops", $"0 for all of these: {alone}");
        }
        Text.Validate();
        if (Flowtron != null)
        {
            Flowtron.Validate();
            int bands = MelRecipe.ByName(Recipe).Bands;
            JsonConfig.Check(Flowtron.MelChannels == bands, "flowtron.n_mel_channels", Flowtron.MelChannels, $"{bands}, the bands of the mel recipe {Recipe}");
            JsonConfig.Check(Flowtron.Symbols == Texts.FlowtronSymbols.Count, "flowtron.n_text", Flowtron.Symbols,
                $"{Texts.FlowtronSymbols.Count}, the symbols of English texts");
        }
        if (ClariNet == null) return;
        JsonConfig.Check(Distillation.ClosedForm, "distillation.closed_form", "false", "true with clari_net");
        JsonConfig.Check(Distillation is { Until: 0, Contrastive: 0 }, "distillation", "one with until or contrastive", "0 for both with clari_net");
    }
}
