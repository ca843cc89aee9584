using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    /// <inheritdoc/>
    /// <remarks>In one pass: its convolutions see the future, too. Samples that do not fill a group are left out.</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to encode, or too much for one pass.</exception>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        int melFrames = mel.Length / Recipe.Bands, frames = WholeFrames(mel, audio, "encode").Frames, samples = (int)SampleCount(frames);
        Ops ops = Engine.Compute(parallelism);
        // As many frames as are decoded from: the last one's kernel reaches into what follows it.
        Tensor told = ops.Crop(Tensor.From(mel, 1, Recipe.Bands, melFrames), 0, frames);
        Tensor z = Forward(ops, Tensor.From(audio[..samples], 1, 1, samples), told).Latent;
        var encoded = new LatentSpeech { Z = ops.Read(z).ToArray(), Group = Config.Group, Mel = ops.Read(told).ToArray(), Voice = VoiceKey };
        ops.Reset();
        return encoded;
    }

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default)
    {
        latent.Validate(Recipe, Config.Group, hasPhase: false);
        int frames = latent.Mel.Length / Recipe.Bands;
        if (latent.Samples != SampleCount(frames))
            throw new VocoderException($"z has {latent.Steps} columns, expected {SampleCount(frames) / Config.Group} for the {frames} frames of the mel");
        Ops ops = Engine.Compute(parallelism);
        Tensor z = Tensor.From(latent.Z, 1, Config.Group, latent.Steps), mel = Tensor.From(latent.Mel, 1, Recipe.Bands, frames);
        float[] audio = ops.Read(Generate(ops, mel, [.. _flow.Parts(ops, z).Reverse()])).ToArray();
        ops.Reset();
        return audio;
    }
}
