using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public abstract partial class ClariNetVocoder
{
    private const int ChunkFrames = 16;

    private protected override bool ScoresInChunks => true;

    /// <inheritdoc/>
    /// <remarks>The constant of the normal distribution and the squares of the latents are one entry, "z".</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int samples = WholeFrames(mel, audio, "score").Samples;
        var sums = new List<(string Layer, double Nats)>();
        double squares = 0;
        Normalize(mel.ToArray(), audio[..samples].ToArray(), parallelism, default, (_, z, layers) =>
        {
            foreach (float value in z.Span) squares -= 0.5 * value * value + CompactVocoder.HalfLog2Pi;
            for (int i = 0; i < layers.Length; i++)
            {
                if (i == sums.Count) sums.Add((layers[i].Layer, 0));
                double sum = 0;
                foreach (float value in layers[i].LogScale.Span) sum -= value;
                sums[i] = (sums[i].Layer, sums[i].Nats + sum);
            }
        });
        List<(string, double)> parts = [.. sums.Select(part => (part.Layer, part.Nats / samples)), ("z", squares / samples)];
        return new Likelihood(samples, parts.Sum(part => part.Item2), parts);
    }

    /// <inheritdoc/>
    public override double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        var (frames, samples) = WholeFrames(mel, audio, "score");
        var nats = new double[frames];
        int hop = Recipe.HopSize;
        Normalize(mel.ToArray(), audio[..samples].ToArray(), parallelism, cancellation, (first, z, layers) =>
        {
            for (int i = 0; i < z.Length; i++)
            {
                double logScale = layers.Sum(layer => (double)layer.LogScale.Span[i]);
                nats[(first + i) / hop] -= (0.5 * z.Span[i] * z.Span[i] + CompactVocoder.HalfLog2Pi + logScale) / hop;
            }
        });
        return nats;
    }

    /// <inheritdoc/>
    /// <exception cref="VocoderException">There is not one whole frame to encode.</exception>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        var (frames, samples) = WholeFrames(mel, audio, "encode");
        // As many frames as are decoded from: what the last one is told reaches into what follows it.
        float[] told = new float[Recipe.Bands * frames], encoded = new float[samples];
        for (int b = 0; b < Recipe.Bands; b++) mel.Slice(b * (mel.Length / Recipe.Bands), frames).CopyTo(told.AsSpan(b * frames));
        Normalize(told, audio[..samples].ToArray(), parallelism, cancellation, (first, z, _) => z.Span.CopyTo(encoded.AsSpan(first)));
        return new LatentSpeech { Z = encoded, Group = 1, Mel = told, Voice = VoiceKey };
    }

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default)
    {
        latent.Validate(Recipe, 1, hasPhase: false);
        var audio = new float[latent.Samples];
        Walk(latent.Mel, audio.Length, parallelism, cancellation, (ops, first, condition) =>
        {
            Tensor z = Tensor.From(latent.Z.AsSpan(first, condition.Length), 1, 1, condition.Length);
            ops.Read(Speak(ops, z, condition, first == 0)).CopyTo(audio.AsSpan(first));
        });
        return audio;
    }

    // Hands on the latents of each chunk, on this machine, with the sample to which the first of them belongs.
    private void Normalize(float[] mel, float[] audio, Parallelism parallelism, CancellationToken cancellation,
        Action<int, Tensor, (string Layer, Tensor LogScale)[]> use) =>
        Walk(mel, audio.Length, parallelism, cancellation, (ops, first, condition) =>
        {
            Tensor speech = Tensor.From(audio.AsSpan(first, condition.Length), 1, 1, condition.Length);
            ClariNetLatents latents = Normalize(ops, speech, condition, first == 0);
            use(first + speech.Length - latents.Z.Length, ops.Here(latents.Z), [.. latents.Layers.Select(layer => (layer.Layer, ops.Here(layer.LogScale)))]);
        });

    // Visits the chunks of a signal with operations that remember the last one, its position and its condition.
    private void Walk(float[] mel, int samples, Parallelism parallelism, CancellationToken cancellation, Action<Ops, int, Tensor> visit)
    {
        int hop = Recipe.HopSize, bands = Recipe.Bands, frames = mel.Length / bands;
        // What looks to both sides remembers nothing.
        Ops ops = Engine.Compute(parallelism, new StreamState()), upsampling = Engine.Compute(parallelism);
        for (int frame = 0; frame * hop < samples; frame += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int from = Math.Max(0, frame - LookAheadFrames), to = Math.Min(frames, frame + ChunkFrames + LookAheadFrames);
            Tensor told = upsampling.Rent(1, bands, to - from);
            for (int b = 0; b < bands; b++) mel.AsSpan(b * frames + from, told.Length).CopyTo(told.Row(0, b));
            Tensor condition = upsampling.Crop(Upsample(upsampling, told), (frame - from) * hop, Math.Min(ChunkFrames * hop, samples - frame * hop));
            visit(ops, frame * hop, condition);
            ops.Reset();
            upsampling.Reset();
        }
    }
}
