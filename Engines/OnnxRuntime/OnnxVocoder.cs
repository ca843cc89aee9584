using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A voice of ours that speaks through ONNX Runtime; it is described, and scores, as it does itself.</summary>
internal sealed class OnnxVocoder(CompactVocoder model, Func<ulong, float, int, InferenceSession> session) : VocoderModel
{
    /// <summary>The voice.</summary>
    public CompactVocoder Inner => model;

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
    public override bool ScoresStepByStep => model.ScoresStepByStep;

    /// <inheritdoc/>
    public override int MatchPasses => model.MatchPasses;

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) =>
        new OnnxStream(this, options, session(options.Seed, options.PitchShift, parallelism.Threads));

    /// <inheritdoc/>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) => model.Score(mel, audio, parallelism);
}
