using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>Synthesis of a whole mel, in chunks that keep memory small and activations in the cache.</summary>
public static class Synthesizer
{
    /// <summary>Speaks a mel into <paramref name="sink"/>, which receives consecutive samples.</summary>
    /// <param name="model">The voice.</param>
    /// <param name="mel">[bands, frames] in the logarithm of the model's recipe.</param>
    /// <param name="options">How to speak.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="sink">Receives the samples, frames · hop in all.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static void Synthesize(VocoderModel model, ReadOnlyMemory<float> mel, SynthesisOptions options, Parallelism parallelism,
        Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation = default)
    {
        VocoderStream stream = model.NewStream(options, parallelism);
        int bands = stream.Bands, frames = mel.Length / bands, chunkFrames = Math.Min(stream.ChunkFrames, frames);
        if (frames * bands != mel.Length) throw new ArgumentException($"{mel.Length} values are no whole number of frames of {bands} bands", nameof(mel));
        var chunk = new float[chunkFrames * bands];
        var samples = new float[Math.Max(chunkFrames, stream.LookAheadFrames) * stream.HopSize];
        for (int start = 0; start < frames; start += chunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(chunkFrames, frames - start);
            for (int b = 0; b < bands; b++)
                for (int i = 0; i < count; i++) chunk[i * bands + b] = mel.Span[b * frames + start + i];
            int written = stream.Push(chunk.AsSpan(0, count * bands), samples);
            if (written > 0) sink(samples.AsMemory(0, written));
        }
        int last = stream.Flush(samples);
        if (last > 0) sink(samples.AsMemory(0, last));
    }

    /// <summary>Speaks a mel and gives all samples, frames · hop of them.</summary>
    public static float[] Synthesize(VocoderModel model, ReadOnlyMemory<float> mel, SynthesisOptions options, Parallelism parallelism)
    {
        var result = new float[mel.Length / model.Recipe.Bands * model.Recipe.HopSize];
        int position = 0;
        Synthesize(model, mel, options, parallelism, samples =>
        {
            samples.Span.CopyTo(result.AsSpan(position));
            position += samples.Length;
        });
        return result;
    }
}
