using System.Numerics.Tensors;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Synthesis as a stream: mel frames go in, samples come out as soon as the look-ahead allows. However the frames are cut into chunks, whatever
/// the number of threads and wherever the state was saved and restored, the samples are the same bits. Not thread-safe; many streams may share a model.
/// </summary>
public abstract partial class VocoderStream
{
    private long _pushed, _rendered;
    private bool _ended;

    /// <summary>Creates the part that all streams share.</summary>
    /// <exception cref="VocoderException">The options are out of range.</exception>
    private protected VocoderStream(VocoderModel model, SynthesisOptions options)
    {
        options.Validate();
        (Model, Options) = (model, options);
    }

    /// <summary>The voice.</summary>
    public VocoderModel Model { get; }

    /// <summary>How it speaks.</summary>
    public SynthesisOptions Options { get; }

    /// <summary>Values in a mel frame.</summary>
    public int Bands => Model.Recipe.Bands;

    /// <summary>Samples for each mel frame.</summary>
    public int HopSize => Model.Recipe.HopSize;

    /// <summary>Frames that must follow a frame before its samples come out; <see cref="Latency"/> has it in milliseconds.</summary>
    public virtual int LookAheadFrames => Model.LookAheadFrames;

    /// <summary>How long after a frame its samples come, computed from the layers of the model and the passes of matching.</summary>
    public StreamLatency Latency => new(LookAheadFrames, Model.Recipe);

    /// <summary>Frames to push at once when only throughput matters. The default value is 32: memory stays small and activations in the cache.</summary>
    public virtual int ChunkFrames => 32;

    /// <summary>Frames taken in since the start or the last <see cref="Reset"/>.</summary>
    public long FramesPushed => _pushed;

    /// <summary>Frames whose samples have been given: the next samples belong to the frame of this number, counted from 0.</summary>
    public long FramesRendered => _rendered;

    /// <summary>Samples given: the position of the next one.</summary>
    public long SamplePosition => _rendered * HopSize;

    /// <summary>Samples that a push of so many frames will give.</summary>
    public int SamplesAfter(int frames) => (int)Math.Max(0, _pushed + frames - LookAheadFrames - _rendered) * HopSize;

    /// <summary>Takes in frames and gives the samples that are ready.</summary>
    /// <param name="frames">[n, bands] mel values, one frame after the other.</param>
    /// <param name="samples">Room for <see cref="SamplesAfter"/> n frames, at most n · hop.</param>
    /// <returns>Number of samples written, a multiple of the hop; 0 while the look-ahead fills.</returns>
    /// <exception cref="VocoderException">
    /// A value is NaN, infinite or louder than any sound (<see cref="LoudestAmplitude"/>), and the stream is as it was before; or the samples are not finite
    /// all the same, and it must be reset or restored.
    /// </exception>
    /// <exception cref="ArgumentException">No whole number of frames, or too little room; the stream is as it was before.</exception>
    /// <exception cref="InvalidOperationException">The signal has ended.</exception>
    public int Push(ReadOnlySpan<float> frames, Span<float> samples)
    {
        if (frames.Length % Bands != 0) throw new ArgumentException($"{frames.Length} values are no whole number of frames of {Bands} bands", nameof(frames));
        if (_ended) throw new InvalidOperationException("the signal has ended: reset the stream before the next one");
        int count = frames.Length / Bands, size = SamplesAfter(count);
        RequireRoom(samples, size);
        RequireSpeakable(frames);
        if (count == 0) return 0;
        Render(frames, size / HopSize, samples[..size]);
        RequireSound(samples[..size], _rendered);
        _pushed += count;
        _rendered += size / HopSize;
        return size;
    }

    /// <summary>Ends the signal: gives the last samples. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="samples">Room for at least <see cref="LookAheadFrames"/> · hop samples.</param>
    /// <returns>Number of samples written; 0 when nothing was pushed or the signal has ended already.</returns>
    /// <exception cref="ArgumentException">Too little room; the stream is as it was before.</exception>
    public int Flush(Span<float> samples)
    {
        int frames = (int)(_pushed - _rendered);
        RequireRoom(samples, frames * HopSize);
        if (frames > 0) RenderRest(frames, samples[..(frames * HopSize)]);
        RequireSound(samples[..(frames * HopSize)], _rendered);
        _rendered += frames;
        _ended = _pushed > 0;
        return frames * HopSize;
    }

    /// <summary>Speaks a mel, [bands, frames], from beginning to end, on a stream that has taken in nothing yet and will take in nothing more.</summary>
    internal virtual void SpeakWhole(ReadOnlyMemory<float> mel, Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation)
    {
        int frames = mel.Length / Bands, mostFrames = Math.Min(frames, ChunkFrames);
        float[] chunk = new float[mostFrames * Bands], samples = new float[Math.Max(mostFrames, LookAheadFrames) * HopSize];
        for (int start = 0; start < frames; start += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<float> next = chunk.AsSpan(0, Math.Min(ChunkFrames, frames - start) * Bands);
            MelColumns.Copy(mel.Span, Bands, start, next);
            if (Push(next, samples) is var written and > 0) sink(samples.AsMemory(0, written));
        }
        if (Flush(samples) is var last and > 0) sink(samples.AsMemory(0, last));
    }

    /// <summary>Starts a new signal.</summary>
    public void Reset()
    {
        (_pushed, _rendered, _ended) = (0, 0, false);
        Clear();
    }

    /// <summary>Takes in frames, at least one, and renders the oldest <paramref name="ready"/> that have not been.</summary>
    private protected abstract void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples);

    /// <summary>Renders all frames that are left, at least one.</summary>
    private protected abstract void RenderRest(int ready, Span<float> samples);

    /// <summary>Forgets the signal.</summary>
    private protected abstract void Clear();

    private static void RequireRoom(ReadOnlySpan<float> samples, int expected)
    {
        if (samples.Length < expected) throw new ArgumentException($"room for {samples.Length} samples, expected {expected}", nameof(samples));
    }

    /// <summary>
    /// The amplitude of the loudest mel value that is taken in: that of a recording in 32-bit integers is 2^31, and mels in another unit than the voice's may
    /// look louder still; beyond it single precision cannot follow, and what overflows stays in the memory of the layers for good.
    /// </summary>
    public const double LoudestAmplitude = 1e15;

    /// <summary>Checks frames before anything is touched.</summary>
    // All recipes rise with amplitude, so that the loudest value tells of all.
    internal void RequireSpeakable(ReadOnlySpan<float> frames)
    {
        if (IsSpeakable(frames, Model.Recipe)) return;
        for (int i = 0; i < frames.Length; i++)
            if (!IsSpeakable(frames.Slice(i, 1), Model.Recipe)) throw NotSpeakable(_pushed + i / Bands, i % Bands, frames[i]);
    }

    /// <summary>Whether all values of a mel can be spoken.</summary>
    internal static bool IsSpeakable(ReadOnlySpan<float> mel, MelRecipe recipe)
    {
        if (mel.IsEmpty) return true;
        return TensorPrimitives.IsFiniteAll(mel) && TensorPrimitives.MaxMagnitude(mel) is var most && Math.Abs(most) <= LargestValue
            && recipe.ToAmplitude(TensorPrimitives.Max(mel)) <= LoudestAmplitude;
    }

    // Of either sign: no logarithm of a sound is as far from 0.
    private const float LargestValue = 1e5f;

    /// <summary>What is said about a value of a mel that cannot be spoken.</summary>
    internal static VocoderException NotSpeakable(long frame, int band, float value) => new(FormattableString.Invariant(
        $"mel frame {frame} is {value} in band {band}, expected {(float.IsFinite(value) ? "the logarithm of a sound" : "a finite number")}"));

    /// <summary>Checks what has been spoken, wherever it goes.</summary>
    /// <exception cref="VocoderException">A sample is not finite.</exception>
    internal void RequireSound(ReadOnlySpan<float> samples, long firstFrame)
    {
        if (samples.IsEmpty || TensorPrimitives.IsFiniteAll(samples)) return;
        int bad = 0;
        while (float.IsFinite(samples[bad])) bad++;
        throw new VocoderException($"the voice makes samples of frame {firstFrame + bad / HopSize} that are not finite, expected a mel on its scale");
    }
}
