using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>Recordings under a <see cref="WaveGlow"/>, whatever computes its flow: in one pass, for its convolutions see the future too.</summary>
/// <param name="model">The model.</param>
/// <param name="newPass">Makes a way through its flow, with so many threads.</param>
internal sealed class WaveGlowAnalysis(WaveGlow model, Func<Parallelism, IFlowPass> newPass)
{
    /// <inheritdoc cref="WaveGlow.Score"/>
    public Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        FlowStretch z = Forward(mel, audio, "score", parallelism, out float[] told);
        int samples = z.Z.Length;
        List<(string, double Nats)> parts = [.. z.LogDets.Select(layer => (layer.Layer, layer.LogDet / samples))];
        parts.Add(("z", -0.5 * z.Squares / samples - CompactVocoder.HalfLog2Pi));
        return new Likelihood(samples, parts.Sum(part => part.Nats), parts);
    }

    /// <inheritdoc cref="WaveGlow.Encode"/>
    public LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        FlowStretch z = Forward(mel, audio, "encode", parallelism, out float[] told);
        return new LatentSpeech { Z = z.Z.ToArray(), Group = model.Config.Group, Mel = told, Voice = model.VoiceKey };
    }

    /// <inheritdoc cref="WaveGlow.Decode"/>
    public float[] Decode(LatentSpeech latent, Parallelism parallelism)
    {
        int bands = model.Recipe.Bands, group = model.Config.Group;
        latent.Validate(model.Recipe, group, hasPhase: false);
        int frames = latent.Mel.Length / bands;
        if (latent.Samples != model.SampleCount(frames))
            throw new VocoderException($"z has {latent.Steps} columns, expected {model.SampleCount(frames) / group} for the {frames} frames of the mel");
        float[] columns = new float[latent.Mel.Length], audio = new float[latent.Samples];
        MelColumns.Copy(latent.Mel, bands, 0, columns);
        newPass(parallelism).Inverse(new Told(columns, [], []), latent.Z, audio);
        return audio;
    }

    // As many frames of the mel as are decoded from: the last one's kernel reaches into what follows it.
    private FlowStretch Forward(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, string what, Parallelism parallelism, out float[] told)
    {
        int bands = model.Recipe.Bands, melFrames = mel.Length / bands, frames = model.WholeFrames(mel, audio, what).Frames;
        told = new float[bands * frames];
        for (int b = 0; b < bands; b++) mel.Slice(b * melFrames, frames).CopyTo(told.AsSpan(b * frames));
        var columns = new float[bands * frames];
        MelColumns.Copy(told, bands, 0, columns);
        return newPass(parallelism).Forward(new Told(columns, [], []), audio[..(int)model.SampleCount(frames)]);
    }
}
