using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Training;

/// <summary>Maximum likelihood of the models that learn by it alone: WaveFlow, FloWaveNet, WaveNODE, the teacher of ClariNet.</summary>
internal sealed class LikelihoodTask : ITrainingTask
{
    private readonly VocoderModel _model;
    private readonly CropLoader _crops;

    /// <exception cref="VocoderException">No recording, or none that is held out, is as long as a crop and not silent.</exception>
    public LikelihoodTask(VocoderModel model, SpeechDataset data, TrainingConfig config) =>
        (_model, _crops) = (model, new CropLoader(model.Recipe, data, config));

    public ParameterSet Parameters => _model.Parameters;

    public double SecondsPerStep => _crops.SecondsPerStep;

    private ILikelihoodModel Likelihood => (ILikelihoodModel)_model;

    public void Initialize(Ops ops)
    {
        // One batch, drawn at a step that training never reaches.
        (Tensor speech, Tensor mels) = _crops.Load(ops, _crops.Draw(-1), -1);
        Likelihood.Initialize(ops, speech, mels);
        ops.Reset();
    }

    public void Finish(Ops ops) { }

    public StepResult Loss(Ops ops, long step) => Loss(ops, _crops.Draw(step), step);

    public StepResult Validate(Ops ops) => _crops.Validate(ops, crops => Loss(ops, crops, 0));

    private StepResult Loss(Ops ops, Crop[] crops, long step)
    {
        (Tensor speech, Tensor mels) = _crops.Load(ops, crops, step);
        Tensor loss = Likelihood.Loss(ops, speech, mels);
        // The likelihood is told of the recording as loud as it is.
        double gain = crops.Average(crop => Math.Log(crop.Gain));
        return new StepResult(loss, gain - WaveFlowResult.Constant(1) - ops.Read(loss)[0], 0, 0);
    }
}
