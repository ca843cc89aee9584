using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A compact voice on ONNX Runtime: what is tracked in recordings, and what is drawn, is as without it.</summary>
internal sealed class OnnxVocoder(CompactVocoder model, OnnxGraphs graphs) : OnnxModel(model)
{
    /// <summary>The voice.</summary>
    public CompactVocoder Inner => model;

    /// <inheritdoc/>
    public override bool CanScore => model.Stack.Continuous == null;

    /// <summary>What streams speak with. The phase in which it begins belongs to the graph, and follows from the seed; so does the pitch.</summary>
    public static OnnxExportOptions Speech(ulong seed, float pitch) => new() { Streaming = true, NoiseInput = true, Sigma = 1, Seed = seed, Pitch = pitch };

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) =>
        new OnnxStream(this, options, Session(Speech(options.Seed, options.PitchShift), parallelism));

    private CompactAnalysis Analysis => new(model, (parallelism, _) => new OnnxPass(model, model.Config.Group,
        task => Session(new OnnxExportOptions { Task = task, Streaming = true }, parallelism)));

    private InferenceSession Session(OnnxExportOptions options, Parallelism parallelism) => graphs.Session(options, Threads(parallelism));

    /// <summary>
    /// How many threads share the operations of a graph of ours: one, where nobody said how many. A second one costs its waiting, and there is little in these
    /// many small nodes that it could take over.
    /// </summary>
    public static int Threads(Parallelism parallelism) => parallelism.IsDefault ? 1 : parallelism.Threads;

    /// <inheritdoc/>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) => Analysis.Score(mel, audio, parallelism);

    /// <inheritdoc/>
    public override Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism) => Analysis.Score(audio, mel, parallelism);

    /// <inheritdoc/>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.Encode(mel, audio, parallelism, cancellation);

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default) =>
        Analysis.Decode(latent, parallelism, cancellation);

    /// <inheritdoc/>
    public override double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.ScoreFrames(mel, audio, parallelism, cancellation);
}
