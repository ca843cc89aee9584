using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A voice of ours that goes through ONNX Runtime; it is described as it is itself.</summary>
internal abstract class OnnxModel(VocoderModel model) : VocoderModel
{
    /// <inheritdoc/>
    /// <remarks>States of its streams are no states of the voice's own.</remarks>
    public override string Kind => "onnx";

    /// <inheritdoc/>
    public override string ConfigJson => model.ConfigJson;

    /// <inheritdoc/>
    public override MelRecipe Recipe => model.Recipe;

    /// <inheritdoc/>
    public override ParameterSet Parameters => model.Parameters;

    /// <inheritdoc/>
    public override double MacsPerSecond => model.MacsPerSecond;

    /// <inheritdoc/>
    public override int LookAheadFrames => model.LookAheadFrames;

    /// <inheritdoc/>
    public override int PastSamples => model.PastSamples;

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => model.GeneratesStepByStep;

    /// <inheritdoc/>
    public override bool ScoresStepByStep => model.ScoresStepByStep;

    /// <inheritdoc/>
    public override int MatchPasses => model.MatchPasses;

    /// <inheritdoc/>
    /// <remarks>By the managed engine: no graph ends there.</remarks>
    public override float[]? PredictPitch(ReadOnlySpan<float> mel, Parallelism parallelism) => model.PredictPitch(mel, parallelism);

    /// <inheritdoc/>
    /// <remarks>What either encodes the other decodes.</remarks>
    internal override float[] VoiceKey => model.VoiceKey;
}
