using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace FlowVocoder.Models;

public sealed partial class WaveFlow : IWindowedModel, ILikelihoodModel
{
    /// <inheritdoc/>
    /// <remarks>
    /// The convolutions are centred along the width, and each row sees what the rows above it have seen: a flow of height h whose layers reach over r columns
    /// sees h·(h - 1)·r samples ahead, and the flows one after the other. That bounds any exact stream: 22.2 s for the published 64 channels, so that speech
    /// that is shorter comes when its mel has ended.
    /// </remarks>
    public override int LookAheadFrames => _upsampler.Reach + (Reach + Recipe.HopSize - 1) / Recipe.HopSize;

    /// <inheritdoc/>
    public override int PastSamples => Reach + _upsampler.Reach * Recipe.HopSize;

    // Samples to either side through the flows; a column is as many as there are rows.
    private int Reach => _flows.Sum(flow => flow.Past) * Config.Height;

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new WindowedStream(this, options, parallelism);

    /// <inheritdoc/>
    long IWindowedModel.ContextStart(long frame) => Math.Max(0, frame - (PastSamples + Recipe.HopSize - 1) / Recipe.HopSize);

    /// <inheritdoc/>
    Tensor IWindowedModel.Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options) =>
        Generate(ops, mel, DrawNoise(ops, options.Sigma, options.Seed, firstFrame * Recipe.HopSize / Config.Height,
            mel.Length * Recipe.HopSize / Config.Height));

    Tensor ILikelihoodModel.Loss(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel).Loss(ops, 1f);

    void ILikelihoodModel.Initialize(Ops ops, Tensor audio, Tensor mel) { }

    /// <summary>
    /// Normal noise of standard deviation σ for <see cref="Generate"/>, [1, height, width]. It depends on seed, row and absolute column only, wherever
    /// <paramref name="firstColumn"/> cuts it.
    /// </summary>
    public Tensor DrawNoise(Ops ops, float sigma, ulong seed, long firstColumn, int width)
    {
        Tensor noise = ops.Rent(1, Config.Height, width);
        new Philox(seed).Normal(noise, NoiseStreams.Latents, firstColumn);
        TensorPrimitives.Multiply(noise.Span, sigma, noise.Span);
        return noise;
    }

    /// <inheritdoc/>
    /// <remarks>The prior is N(0, 1); the constant of the normal distribution and the squares of z are one entry, "z".</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score, or too much for one pass.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int samples = WholeFrames(mel, audio, "score").Samples;
        Ops ops = Engine.Compute(parallelism);
        WaveFlowResult result = Forward(ops, Tensor.From(audio[..samples], 1, 1, samples), Tensor.From(mel, 1, Recipe.Bands, mel.Length / Recipe.Bands));
        List<(string, double)> parts = [.. result.LogDets.Select((logDet, k) => ($"flows.{k}", ops.Read(logDet)[0] / (double)samples))];
        double total = result.LogLikelihood(ops, sigma: 1);
        parts.Add(("z", total - parts.Sum(part => part.Item2)));
        ops.Reset();
        return new Likelihood(samples, total, parts);
    }
}
