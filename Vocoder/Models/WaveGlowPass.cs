using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>A whole signal on its way through a <see cref="WaveGlow"/>, by the operations of its engine.</summary>
internal sealed class WaveGlowPass(WaveGlow model, Parallelism parallelism) : IFlowPass
{
    private readonly Ops _ops = model.Engine.Compute(parallelism);

    /// <inheritdoc/>
    public FlowStretch Forward(Told told, ReadOnlySpan<float> audio)
    {
        WaveGlowResult result = model.Forward(_ops, Tensor.From(audio, 1, 1, audio.Length), Mel(told));
        List<(string, double)> logDets = [.. result.Layers.Select(layer => (layer.Layer, (double)_ops.ReadItem(layer.LogDet)))];
        float[] z = _ops.Read(result.Latent).ToArray();
        _ops.Reset();
        return new FlowStretch(z, logDets);
    }

    /// <inheritdoc/>
    public void Inverse(Told told, ReadOnlySpan<float> z, Span<float> audio)
    {
        int group = model.Config.Group;
        Tensor latents = Tensor.From(z, 1, group, z.Length / group);
        _ops.Read(model.Generate(_ops, Mel(told), [.. model.Stack.Parts(_ops, latents).Reverse()])).CopyTo(audio);
        _ops.Reset();
    }

    private Tensor Mel(Told told)
    {
        int bands = model.Recipe.Bands, frames = told.Mel.Length / bands;
        var mel = new Tensor(1, bands, frames);
        for (int b = 0; b < bands; b++)
            for (int i = 0; i < frames; i++) mel.Row(0, b)[i] = told.Mel[i * bands + b];
        return mel;
    }
}
