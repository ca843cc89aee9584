using FlowVocoder.Streaming;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Speaks frames while they come.</summary>
public static class StreamedSpeech
{
    /// <summary>
    /// Reads frames, speaks them and hands the samples on, until the frames end. Where they end in an error, what came before it is spoken to its end
    /// first.
    /// </summary>
    /// <param name="frames">The frames. What is there is taken at once, up to <paramref name="mostFrames"/>: a frame that comes alone is answered
    /// alone.</param>
    /// <param name="stream">The voice, at the start of a signal.</param>
    /// <param name="mostFrames">Frames of a chunk at most; fewer are answered sooner, more cost less.</param>
    /// <param name="sink">Receives the samples, full scale ±1, all finite.</param>
    /// <param name="cancellation">Ends it between chunks and while it waits.</param>
    /// <exception cref="VocoderException">A frame is no frame, or the voice makes samples of it that are not finite.</exception>
    public static void Speak(MelFrames frames, VocoderStream stream, int mostFrames, Action<ReadOnlySpan<float>> sink, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostFrames, 1);
        var chunk = new float[mostFrames * stream.Bands];
        var samples = new float[Math.Max(mostFrames, stream.LookAheadFrames) * stream.HopSize];
        VocoderException? problem = null;
        while (Next() is > 0 and var count)
            Give(stream.Push(chunk.AsSpan(0, count * stream.Bands), samples));
        Give(stream.Flush(samples));
        if (problem != null) throw problem;

        int Next()
        {
            try
            {
                return frames.Read(chunk, cancellation);
            }
            catch (VocoderException e)
            {
                problem = e;
                return 0;
            }
        }

        void Give(int count)
        {
            cancellation.ThrowIfCancellationRequested();
            if (count == 0) return;
            ReadOnlySpan<float> ready = samples.AsSpan(0, count);
            sink(ready);
        }
    }
}
