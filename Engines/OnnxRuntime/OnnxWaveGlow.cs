using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A WaveGlow on ONNX Runtime: in windows when it speaks, in one pass when it scores, as without it.</summary>
internal sealed class OnnxWaveGlow(WaveGlow model, OnnxGraphs graphs) : OnnxModel(model), IWindowedModel
{
    /// <summary>What it speaks with.</summary>
    public static OnnxExportOptions Speech { get; } = new() { NoiseInput = true, Sigma = 1, Match = 0 };

    /// <inheritdoc/>
    public long ContextStart(long frame) => ((IWindowedModel)model).ContextStart(frame);

    /// <inheritdoc/>
    public Tensor Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options)
    {
        int group = model.Config.Group, steps = (int)(model.SampleCount(mel.Length) / group);
        float[] noise = new float[group * steps];
        int at = 0;
        foreach (Tensor part in model.DrawNoise(ops, options.Sigma, options.Seed, firstFrame * Recipe.HopSize / group, steps))
        {
            part.Span.CopyTo(noise.AsSpan(at));
            at += part.Size;
        }
        using OrtValue told = OrtValue.CreateTensorValueFromMemory(mel.Span.ToArray(), [1, mel.Channels, mel.Length]);
        using OrtValue drawn = OrtValue.CreateTensorValueFromMemory(noise, [1, group, steps]);
        using var run = new RunOptions();
        using var results = graphs.Session(Speech, ops.Parallelism.Threads).Run(run, ["mel", "noise"], [told, drawn], ["audio"]);
        Tensor audio = ops.Rent(1, 1, noise.Length);
        results[0].GetTensorDataAsSpan<float>().CopyTo(audio.Span);
        return audio;
    }

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new WindowedStream(this, options, parallelism);

    private WaveGlowAnalysis Analysis => new(model, parallelism => new OnnxPass(model, model.Config.Group,
        task => graphs.Session(new OnnxExportOptions { Task = task }, parallelism.Threads)));

    /// <inheritdoc/>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) => Analysis.Score(mel, audio, parallelism);

    /// <inheritdoc/>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.Encode(mel, audio, parallelism);

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default) =>
        Analysis.Decode(latent, parallelism);
}
