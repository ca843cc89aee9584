using System.Numerics.Tensors;
using FlowVocoder.Compute;
using FlowVocoder.Features;
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
    /// <param name="sink">Receives the samples, frames · hop in all; one call at a time and in order, not all from the thread of the caller.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    /// <exception cref="VocoderException">A value of the mel is NaN or infinite, or the options do not fit the voice; nothing was spoken.</exception>
    public static void Synthesize(VocoderModel model, ReadOnlyMemory<float> mel, SynthesisOptions options, Parallelism parallelism,
        Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation = default)
    {
        VocoderStream stream = model.NewStream(options.ForWholeMel(model, mel.Span), parallelism);
        if (mel.Length % stream.Bands != 0)
            throw new ArgumentException($"{mel.Length} values are no whole number of frames of {stream.Bands} bands", nameof(mel));
        RequireSpeakable(mel.Span, model.Recipe);
        if (mel.Length > 0) stream.SpeakWhole(mel, sink, cancellation);
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

    private static void RequireSpeakable(ReadOnlySpan<float> mel, MelRecipe recipe)
    {
        if (VocoderStream.IsSpeakable(mel, recipe)) return;
        int frames = mel.Length / recipe.Bands;
        for (int i = 0; i < frames; i++)
            for (int b = 0; b < recipe.Bands; b++)
                if (!VocoderStream.IsSpeakable(mel.Slice(b * frames + i, 1), recipe)) throw VocoderStream.NotSpeakable(i, b, mel[b * frames + i]);
    }
}
