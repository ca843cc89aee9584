using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public sealed partial class WaveFlow
{
    /// <inheritdoc/>
    /// <remarks>In one pass: its convolutions see the future, too. A column of z is a column of the plane.</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to encode, or too much for one pass.</exception>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        var (frames, samples) = WholeFrames(mel, audio, "encode");
        Ops ops = Engine.Compute(parallelism);
        // As many frames as are decoded from: what the last one is told reaches into what follows it.
        Tensor told = ops.Crop(Tensor.From(mel, 1, Recipe.Bands, mel.Length / Recipe.Bands), 0, frames);
        Tensor z = Forward(ops, Tensor.From(audio[..samples], 1, 1, samples), told).Latent;
        var encoded = new LatentSpeech { Z = ops.Read(z).ToArray(), Group = Config.Height, Mel = ops.Read(told).ToArray(), Voice = VoiceKey };
        ops.Reset();
        return encoded;
    }

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default)
    {
        latent.Validate(Recipe, Config.Height, hasPhase: false);
        Ops ops = Engine.Compute(parallelism);
        Tensor mel = Tensor.From(latent.Mel, 1, Recipe.Bands, latent.Mel.Length / Recipe.Bands), z = Tensor.From(latent.Z, 1, Config.Height, latent.Steps);
        float[] audio = ops.Read(Generate(ops, mel, z)).ToArray();
        ops.Reset();
        return audio;
    }
}
