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
        int bands = stream.Bands, frames = mel.Length / bands;
        if (frames * bands != mel.Length) throw new ArgumentException($"{mel.Length} values are no whole number of frames of {bands} bands", nameof(mel));
        // The first chunk has the look-ahead too, so that each pass through the layers is of as many frames: a whole number of vectors.
        int mostFrames = Math.Min(frames, stream.ChunkFrames + stream.LookAheadFrames);
        float[] chunk = new float[mostFrames * bands], samples = new float[mostFrames * stream.HopSize];
        for (int start = 0, count = mostFrames; start < frames; start += count, count = Math.Min(stream.ChunkFrames, frames - start))
        {
            cancellation.ThrowIfCancellationRequested();
            for (int b = 0; b < bands; b++)
                for (int i = 0; i < count; i++) chunk[i * bands + b] = mel.Span[b * frames + start + i];
            ReadOnlySpan<float> next = chunk.AsSpan(0, count * bands);
            int written = start + count < frames ? stream.Push(next, samples) : stream.Finish(next, samples);
            if (written > 0) sink(samples.AsMemory(0, written));
        }
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
