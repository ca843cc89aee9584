using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Training;

/// <summary>Maximum likelihood of the models that learn by it alone: WaveFlow, FloWaveNet, WaveNODE.</summary>
internal sealed class LikelihoodTask : ITrainingTask
{
    private readonly VocoderModel _model;
    private readonly TrainingConfig _config;
    private readonly CropSampler _crops;
    private readonly Crop[] _heldOut;
    private readonly Philox _noise;

    /// <exception cref="VocoderException">No recording, or none that is held out, is as long as a crop and not silent.</exception>
    public LikelihoodTask(VocoderModel model, SpeechDataset data, TrainingConfig config)
    {
        (_model, _config) = (model, config);
        _crops = new CropSampler(data.Train, config.CropFrames, model.Recipe.HopSize, config.Seed, config.QuietestGain, config.LoudestGain);
        _heldOut = CropSampler.Middles(data.Valid, config.CropFrames, model.Recipe.HopSize);
        _noise = new Philox(NoiseStreams.TrainingSeed(config.Seed));
    }

    public ParameterSet Parameters => _model.Parameters;

    public double SecondsPerStep => (double)_config.Batch * _config.CropFrames * _model.Recipe.HopSize / _model.Recipe.SampleRate;

    private ILikelihoodModel Likelihood => (ILikelihoodModel)_model;

    public void Initialize(Ops ops)
    {
        // One batch, drawn at a step that training never reaches.
        (Tensor speech, Tensor mels) = Load(ops, _crops.Draw(-1, 0, _config.Batch), -1);
        Likelihood.Initialize(ops, speech, mels);
        ops.Reset();
    }

    public void Finish(Ops ops) { }

    public StepResult Loss(Ops ops, long step) => Loss(ops, _crops.Draw(step, 0, _config.Batch), step);

    public StepResult Validate(Ops ops)
    {
        var sum = new StepResult(null, 0, 0, 0);
        // The same stretches every time.
        foreach (Crop[] part in _heldOut.Chunk(_config.Batch))
        {
            sum = sum.Plus(Loss(ops, part, 0), (double)part.Length / _heldOut.Length);
            ops.Reset();
        }
        return sum;
    }

    private StepResult Loss(Ops ops, Crop[] crops, long step)
    {
        (Tensor speech, Tensor mels) = Load(ops, crops, step);
        Tensor loss = Likelihood.Loss(ops, speech, mels);
        // The likelihood is told of the recording as loud as it is.
        double gain = crops.Average(crop => Math.Log(crop.Gain));
        return new StepResult(loss, gain - WaveFlowResult.Constant(1) - ops.Read(loss)[0], 0, 0);
    }

    private (Tensor Speech, Tensor Mels) Load(Ops ops, Crop[] crops, long step)
    {
        int frames = _config.CropFrames;
        Tensor speech = ops.Rent(crops.Length, 1, frames * _model.Recipe.HopSize), mels = ops.Rent(crops.Length, _model.Recipe.Bands, frames);
        ops.Parallelism.For(crops.Length, (Task: this, crops, speech, mels, step),
            static (item, in s) => s.Task.Load(s.crops[item], item, s.step, s.speech, s.mels));
        return (speech, mels);
    }

    private void Load(Crop crop, int item, long step, Tensor speech, Tensor mels)
    {
        CropReader.Speech(crop, _model.Recipe.HopSize, _noise, item, step, applyGain: true, speech.Row(item, 0));
        float[] values = CropReader.Mel(crop, _model.Recipe, 0, mels.Length);
        for (int i = 0; i < mels.Length; i++)
            for (int b = 0; b < mels.Channels; b++) mels.Row(item, b)[i] = values[i * mels.Channels + b];
    }
}
