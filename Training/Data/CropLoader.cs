using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Data;

/// <summary>Crops of recordings with their mels as recipes give them: what models take that are told the mel alone.</summary>
internal sealed class CropLoader
{
    private readonly TrainingConfig _config;
    private readonly MelRecipe _recipe;
    private readonly CropSampler _crops;
    private readonly Philox _noise;

    /// <exception cref="VocoderException">No recording, or none that is held out, is as long as a crop and not silent.</exception>
    public CropLoader(MelRecipe recipe, SpeechDataset data, TrainingConfig config)
    {
        (_recipe, _config) = (recipe, config);
        _crops = new CropSampler(data.Train, config.CropFrames, recipe.HopSize, config.Seed, config.QuietestGain, config.LoudestGain);
        HeldOut = CropSampler.Middles(data.Valid, config.CropFrames, recipe.HopSize);
        _noise = new Philox(NoiseStreams.TrainingSeed(config.Seed));
    }

    /// <summary>The crops that are measured, the same every time.</summary>
    public Crop[] HeldOut { get; }

    /// <summary>Seconds of audio in a step.</summary>
    public double SecondsPerStep => (double)_config.Batch * _config.CropFrames * _recipe.HopSize / _recipe.SampleRate;

    /// <summary>The crops of a step.</summary>
    public Crop[] Draw(long step) => _crops.Draw(step, 0, _config.Batch);

    /// <summary>The mean of what <paramref name="loss"/> finds on the held-out crops, batch by batch.</summary>
    public StepResult Validate(Ops ops, Func<Crop[], StepResult> loss)
    {
        var sum = new StepResult(null, 0, 0, 0);
        foreach (Crop[] part in HeldOut.Chunk(_config.Batch))
        {
            sum = sum.Plus(loss(part), (double)part.Length / HeldOut.Length);
            ops.Reset();
        }
        return sum;
    }

    /// <summary>Speech [b, 1, frames·hop] and mels [b, bands, frames] at their gains; the noise of quantisation is that of a step.</summary>
    public (Tensor Speech, Tensor Mels) Load(Ops ops, Crop[] crops, long step)
    {
        int frames = _config.CropFrames;
        Tensor speech = ops.Rent(crops.Length, 1, frames * _recipe.HopSize), mels = ops.Rent(crops.Length, _recipe.Bands, frames);
        ops.Parallelism.For(crops.Length, (Loader: this, crops, speech, mels, step),
            static (item, in s) => s.Loader.Load(s.crops[item], item, s.step, s.speech, s.mels));
        return (speech, mels);
    }

    /// <summary>Noise that a step speaks with, [b, 1, samples].</summary>
    public Tensor Noise(Ops ops, int batch, long step)
    {
        Tensor noise = ops.Rent(batch, 1, _config.CropFrames * _recipe.HopSize);
        _noise.Normal(noise, NoiseStreams.TrainingLatents(0), (step & 0xFFFFFFFF) * noise.Length);
        return noise;
    }

    private void Load(Crop crop, int item, long step, Tensor speech, Tensor mels)
    {
        CropReader.Speech(crop, _recipe.HopSize, _noise, item, step, applyGain: true, speech.Row(item, 0));
        float[] values = CropReader.Mel(crop, _recipe, 0, mels.Length);
        for (int i = 0; i < mels.Length; i++)
            for (int b = 0; b < mels.Channels; b++) mels.Row(item, b)[i] = values[i * mels.Channels + b];
    }
}
