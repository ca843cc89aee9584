using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public abstract partial class MultiScaleVocoder
{
    /// <summary>Channels of each latent part, and samples of one of its steps, in the order in which they leave; channels over step sum to 1.</summary>
    private protected abstract IReadOnlyList<(int Channels, int Step)> Parts { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// In one pass: its convolutions see the future, too. A column of z holds <see cref="Group"/> samples of every part: of those that leave early, several
    /// steps, one after the other under each of their channels.
    /// </remarks>
    /// <exception cref="VocoderException">There is not one whole frame to encode.</exception>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        var (frames, samples) = WholeFrames(mel, audio, "encode");
        Ops ops = Engine.Compute(parallelism);
        // As many frames as are decoded from: what the last one is told reaches into what follows it.
        Tensor told = ops.Crop(Tensor.From(mel, 1, Recipe.Bands, mel.Length / Recipe.Bands), 0, frames);
        IReadOnlyList<Tensor> latents = Forward(ops, Tensor.From(audio[..samples], 1, 1, samples), told).Latents;
        cancellation.ThrowIfCancellationRequested();
        float[] z = [.. latents.Zip(Parts, (latent, part) => ops.Fold(latent, Group / part.Step)).SelectMany(rows => ops.Read(rows).ToArray())];
        var encoded = new LatentSpeech { Z = z, Group = Group, Mel = ops.Read(told).ToArray(), Voice = VoiceKey };
        ops.Reset();
        return encoded;
    }

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default)
    {
        latent.Validate(Recipe, Group, hasPhase: false);
        Ops ops = Engine.Compute(parallelism);
        var latents = new List<Tensor>();
        int row = 0;
        foreach (var (channels, step) in Parts)
        {
            int rows = channels * Group / step;
            latents.Add(ops.Unfold(Tensor.From(latent.Z.AsSpan(row * latent.Steps, rows * latent.Steps), 1, rows, latent.Steps), Group / step));
            row += rows;
        }
        float[] audio = ops.Read(Generate(ops, Tensor.From(latent.Mel, 1, Recipe.Bands, latent.Mel.Length / Recipe.Bands), latents)).ToArray();
        ops.Reset();
        return audio;
    }
}
