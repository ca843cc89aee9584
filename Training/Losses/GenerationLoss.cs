using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Training.Losses;

/// <summary>Generated speech.</summary>
/// <param name="Excitation">[b, 1, samples] what the flow gave, all samples of the crops.</param>
/// <param name="Speech">[b, 1, as many or fewer samples] what is compared with the recording.</param>
internal sealed record Spoken(Tensor Excitation, Tensor Speech);

/// <summary>What is asked of generated speech, as the configuration weighs it: nearness of mels, spectra and power to the recording, and no tones.</summary>
internal sealed class GenerationLoss
{
    private readonly TrainingConfig _config;
    private readonly LogMelLoss[] _resolutions;
    private readonly int _hop;

    public GenerationLoss(CompactVocoder model, TrainingConfig config)
    {
        (_config, _hop) = (config, model.Recipe.HopSize);
        _resolutions = !config.HasGenerationLoss ? []
            : [.. LogMelLoss.Resolutions(model.Recipe).Take(config.MelLossResolutions).Select(r => new LogMelLoss(r))];
    }

    /// <summary>Whether a step has any of these losses.</summary>
    public bool IsOn(long step) => _resolutions.Length > 0 && step >= _config.MelLossFrom;

    /// <summary>The weighted sum; null where nothing is asked.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="batch">The recordings.</param>
    /// <param name="spoken">The same speech, generated.</param>
    /// <param name="again">Generates it once more with other noise; called where a loss compares two generations.</param>
    /// <param name="plainMel">The log-mel distance to the recordings, to be told.</param>
    public Tensor? Apply(Ops ops, SpeechBatch batch, Spoken spoken, Func<Spoken> again, out double plainMel)
    {
        bool repels = _config.MelLossWeight > 0 && Math.Max(_config.MelLossRepulsion, _config.MelLossVoicedRepulsion) > 0;
        Spoken? second = repels || _config.ToneLossWeight > 0 ? again() : null;
        Tensor? sum = null;
        plainMel = 0;
        void Add(Tensor loss, float weight)
        {
            Tensor weighted = ops.Scale(loss, weight);
            sum = sum == null ? weighted : ops.Add(sum, weighted);
        }
        for (int i = 0; i < _resolutions.Length; i++)
        {
            LogMelLoss mel = _resolutions[i];
            float share = 1f / _resolutions.Length;
            if (_config.MelLossWeight > 0)
            {
                Add(mel.EnergyDistance(ops, spoken.Speech, repels ? second!.Speech : null, batch.Speech, repels ? Repulsion(ops, batch, mel) : null,
                    out double plain), _config.MelLossWeight * share);
                // What is reported is the distance of the recipe's own mels.
                if (i == 0) plainMel = plain;
            }
            if (_config.StftLossWeight == 0 && _config.PowerLossWeight == 0) continue;
            Tensor x = mel.Spectrum.Magnitude(ops, spoken.Speech), y = mel.Spectrum.Magnitude(ops, batch.Speech);
            if (_config.StftLossWeight > 0) Add(StftLoss.Apply(ops, x, y), _config.StftLossWeight * share);
            if (_config.PowerLossWeight > 0) Add(PowerLoss.Apply(ops, x, y), _config.PowerLossWeight * share);
        }
        if (_config.ToneLossWeight > 0) Add(ToneLoss.Apply(ops, spoken.Excitation, second!.Excitation, _hop), _config.ToneLossWeight);
        return sum;
    }

    private Tensor Repulsion(Ops ops, SpeechBatch batch, LogMelLoss mel)
    {
        Tensor repulsion = ops.Rent(batch.Crops.Count, mel.Bands, mel.Spectrum.Windows(batch.Speech.Length));
        for (int item = 0; item < repulsion.Batch; item++)
            for (int window = 0; window < repulsion.Length; window++)
            {
                bool voiced = batch.Crops[item].IsVoiced((batch.First + mel.Spectrum.Centre(window)) / _hop);
                for (int band = 0; band < repulsion.Channels; band++)
                    repulsion.Row(item, band)[window] = voiced && mel.Frequency(band) < _config.MaxVoicedFrequency ? _config.MelLossVoicedRepulsion
                        : _config.MelLossRepulsion;
            }
        return repulsion;
    }
}
