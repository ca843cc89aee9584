using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// What FloWaveNet and WaveNODE share as vocoders: both directions are one pass over blocks of ever slower rates with centred convolutions, some latent parts
/// leave on the way, and streams speak stretches with a receptive field on either side.
/// </summary>
public abstract partial class MultiScaleVocoder : VocoderModel, IWindowedModel, ILikelihoodModel
{
    private static readonly double s_halfLog2Pi = 0.5 * Math.Log(2 * Math.PI);

    private protected MultiScaleVocoder(ParameterSet parameters, MelRecipe recipe) => (Parameters, Recipe) = (parameters, recipe);

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>Under the names of the published state dictionary.</remarks>
    public override ParameterSet Parameters { get; }

    /// <summary>Samples that a step of the last block holds; a divisor of the hop.</summary>
    public abstract int Group { get; }

    /// <summary>Samples to either side that a sample depends on through the flows.</summary>
    private protected abstract int Reach { get; }

    /// <summary>Frames that the up-sampling of a sample's own frame sees before and after it.</summary>
    private protected abstract (int Before, int After) MelReach { get; }

    /// <inheritdoc/>
    /// <remarks>The convolutions are centred: what the networks see before a sample they see after it too.</remarks>
    public override int LookAheadFrames => MelReach.After + (Reach + Recipe.HopSize - 1) / Recipe.HopSize;

    /// <inheritdoc/>
    public override int PastSamples => Reach + MelReach.Before * Recipe.HopSize;

    /// <summary>Normalises audio [b, 1, n], n a multiple of <see cref="Group"/>, under a mel [b, bands, f] that is at least as long.</summary>
    /// <exception cref="VocoderException">The audio is no such multiple, or the mel has other bands or is too short.</exception>
    public abstract MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel);

    /// <summary>
    /// Generates audio [b, 1, n] from a mel and noise already multiplied by σ, [b, 1, n], which is squeezed and split as audio is: its halves are the noise of
    /// the priors, so that σ reaches them.
    /// </summary>
    /// <exception cref="VocoderException">As for <see cref="Forward"/>.</exception>
    public abstract Tensor Generate(Ops ops, Tensor mel, Tensor noise);

    /// <summary>Generates audio [b, 1, n] from a mel and latent parts in the order in which <see cref="Forward"/> gives them.</summary>
    /// <exception cref="VocoderException">As for <see cref="Forward"/>.</exception>
    public abstract Tensor Generate(Ops ops, Tensor mel, IReadOnlyList<Tensor> latents);

    /// <summary>Sets every activation normalisation from a first batch, each on what the earlier ones give.</summary>
    public abstract void Initialize(Ops ops, Tensor audio, Tensor mel);

    Tensor ILikelihoodModel.Loss(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel).Loss(ops);

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new WindowedStream(this, options, parallelism);

    /// <inheritdoc/>
    long IWindowedModel.ContextStart(long frame) => Math.Max(0, frame - (PastSamples + Recipe.HopSize - 1) / Recipe.HopSize);

    /// <inheritdoc/>
    Tensor IWindowedModel.Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options)
    {
        Tensor noise = ops.Rent(1, 1, mel.Length * Recipe.HopSize);
        new Philox(options.Seed).Normal(noise, NoiseStreams.Latents, firstFrame * Recipe.HopSize);
        System.Numerics.Tensors.TensorPrimitives.Multiply(noise.Span, options.Sigma, noise.Span);
        return Generate(ops, mel, noise);
    }

    /// <summary>Checks that mel and audio fit.</summary>
    private protected void Require(Tensor mel, int samples, long reach)
    {
        if (mel.Channels != Recipe.Bands) throw new VocoderException($"mel: found {mel.Channels} bands, expected {Recipe.Bands}");
        if (samples == 0 || samples % Group != 0) throw new VocoderException($"found {samples} samples, expected a multiple of {Group}");
        if (reach < samples) throw new VocoderException($"mel: {mel.Length} frames are {reach} samples, expected at least {samples}");
    }

    /// <summary>Checks that the blocks fit the recipe.</summary>
    private protected void RequireRecipe(int melChannels)
    {
        Models.JsonConfig.Check(melChannels == Recipe.Bands, "mel_channels", melChannels, $"{Recipe.Bands}, the bands of the mel recipe {Recipe.Name}");
        Models.JsonConfig.Check(Recipe.HopSize % Group == 0, "blocks", $"such that {Group} samples are a step of the last",
            $"a divisor of the hop {Recipe.HopSize}");
    }

    /// <inheritdoc/>
    /// <remarks>The prior is N(0, 1); the constant of the normal distribution and the squares of all latent parts are one entry, "z".</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int samples = WholeFrames(mel, audio, "score").Samples;
        Ops ops = Engine.Compute(parallelism);
        Likelihood score = Score(ops, Tensor.From(audio[..samples], 1, 1, samples), Tensor.From(mel, 1, Recipe.Bands, mel.Length / Recipe.Bands));
        ops.Reset();
        return score;
    }

    private protected virtual Likelihood Score(Ops ops, Tensor audio, Tensor mel)
    {
        MultiScaleResult result = Forward(ops, audio, mel);
        List<(string, double)> parts = [.. result.LogDets.Select(layer => (layer.Layer, ops.Read(layer.LogDet)[0] / (double)audio.Length))];
        double total = -ops.Read(result.Loss(ops))[0] - s_halfLog2Pi;
        parts.Add(("z", total - parts.Sum(part => part.Item2)));
        return new Likelihood(audio.Length, total, parts);
    }
}
