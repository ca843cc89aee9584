using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Native;

/// <summary>A stream in C's hands: foreign mels are converted on the way in, and the samples of what was pushed wait until they are pulled.</summary>
internal sealed class NativeStream(VocoderStream stream, MelConversion? conversion = null, DenoiserStream? denoiser = null)
{
    private readonly SampleQueue _queue = new();
    private MelConverter? _converter = conversion?.NewConverter();
    private float[] _samples = [], _denoised = [], _frames = [];
    private int _isBusy;

    public static NativeStream Of(nint handle) => Handles.Get<NativeStream>(handle, "stream");

    public int Bands => conversion?.Source.Bands ?? stream.Bands;

    public long Latency => stream.Latency.Samples + (conversion?.LookAheadSamples ?? 0) + (denoiser == null ? 0 : DenoiserStream.LatencyFor(stream.HopSize));

    public int Available => _queue.Count;

    public int Pull(Span<float> samples) => _queue.Take(samples);

    public int Push(ReadOnlySpan<float> frames)
    {
        using Turn turn = Enter();
        // All of them before the first is taken in.
        if (_converter == null) stream.RequireSpeakable(frames);
        else
        {
            stream.Push([], []); // refused where the signal has ended
            for (int i = 0; i < frames.Length; i += Bands) NativeVoice.RequireConvertible(conversion!, frames.Slice(i, Bands), _converter.Received + i / Bands);
            frames = Converted(_converter.FramesAfter(frames.Length / Bands), frames, ended: false);
        }
        Speak(frames);
        return _queue.Count;
    }

    public int Flush()
    {
        using Turn turn = Enter();
        if (_converter != null) Speak(Converted(_converter.FlushCount, [], ended: true));
        Span<float> samples = Room(ref _samples, stream.LookAheadFrames * stream.HopSize);
        Give(samples[..stream.Flush(samples)]);
        if (denoiser == null) return _queue.Count;
        samples = Room(ref _denoised, DenoiserStream.LatencySamples);
        _queue.Add(samples[..denoiser.Flush(samples)]);
        return _queue.Count;
    }

    public void Reset()
    {
        using Turn turn = Enter();
        _queue.Clear();
        stream.Reset();
        denoiser?.Reset();
        _converter?.Reset();
    }

    /// <summary>What <see cref="VocoderStream.SaveState"/> writes; before it, where there are any, what the stages around the voice remember.</summary>
    public byte[] Save()
    {
        using Turn turn = Enter();
        if (_queue.Count > 0) throw new InvalidOperationException($"{_queue.Count} samples wait to be pulled, expected none when a stream is saved");
        using var state = new MemoryStream();
        if (_converter != null) StateEnvelope.Write(state, _converter.Exchange);
        if (denoiser != null) StateEnvelope.Write(state, denoiser.Exchange);
        stream.SaveState(state);
        return state.ToArray();
    }

    public void Restore(Stream state)
    {
        using Turn turn = Enter();
        // Into new stages, so that nothing has changed where a part is refused.
        MelConverter? converter = conversion?.NewConverter();
        if (converter != null) StateEnvelope.Read(state, converter.Exchange);
        DenoiserStream? restored = denoiser?.Fresh();
        if (restored != null) StateEnvelope.Read(state, restored.Exchange);
        stream.RestoreState(state);
        (_converter, denoiser) = (converter, restored);
        _queue.Clear();
    }

    private ReadOnlySpan<float> Converted(int count, ReadOnlySpan<float> frames, bool ended)
    {
        Span<float> room = Room(ref _frames, count * stream.Bands);
        int ready = ended ? _converter!.Flush(room) : _converter!.Push(frames, room);
        return room[..(ready * stream.Bands)];
    }

    // A long push is spoken in chunks that stay in the cache.
    private void Speak(ReadOnlySpan<float> frames)
    {
        for (int size = stream.ChunkFrames * stream.Bands; !frames.IsEmpty; frames = frames[Math.Min(size, frames.Length)..])
        {
            ReadOnlySpan<float> chunk = frames[..Math.Min(size, frames.Length)];
            Span<float> samples = Room(ref _samples, stream.SamplesAfter(chunk.Length / stream.Bands));
            Give(samples[..stream.Push(chunk, samples)]);
        }
    }

    private void Give(ReadOnlySpan<float> samples)
    {
        if (denoiser == null)
        {
            _queue.Add(samples);
            return;
        }
        Span<float> room = Room(ref _denoised, denoiser.SamplesAfter(samples.Length));
        _queue.Add(room[..denoiser.Push(samples, room)]);
    }

    private static Span<float> Room(ref float[] values, int count)
    {
        if (values.Length < count) values = new float[count];
        return values.AsSpan(0, count);
    }

    private Turn Enter() => Interlocked.Exchange(ref _isBusy, 1) == 0 ? new Turn(this)
        : throw new InvalidOperationException("the stream is at work in another thread, expected one at a time");

    private readonly struct Turn(NativeStream owner) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref owner._isBusy, 0);
    }
}
