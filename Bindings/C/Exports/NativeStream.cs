using FlowVocoder.Streaming;

namespace FlowVocoder.Native;

/// <summary>A stream in C's hands: the samples of what was pushed wait until they are pulled.</summary>
internal sealed class NativeStream(VocoderStream stream)
{
    private readonly SampleQueue _queue = new();
    private float[] _samples = [];
    private int _isBusy;

    public static NativeStream Of(nint handle) => Handles.Get<NativeStream>(handle, "stream");

    public int Bands => stream.Bands;

    public long Latency => stream.Latency.Samples;

    public int Available => _queue.Count;

    public int Pull(Span<float> samples) => _queue.Take(samples);

    public int Push(ReadOnlySpan<float> frames)
    {
        using Turn turn = Enter();
        // All of them before the first is taken in; a long push is spoken in chunks that stay in the cache.
        stream.RequireSpeakable(frames);
        for (int size = stream.ChunkFrames * Bands; !frames.IsEmpty; frames = frames[Math.Min(size, frames.Length)..])
        {
            ReadOnlySpan<float> chunk = frames[..Math.Min(size, frames.Length)];
            Span<float> samples = Room(stream.SamplesAfter(chunk.Length / Bands));
            _queue.Add(samples[..stream.Push(chunk, samples)]);
        }
        return _queue.Count;
    }

    public int Flush()
    {
        using Turn turn = Enter();
        Span<float> samples = Room(stream.LookAheadFrames * stream.HopSize);
        _queue.Add(samples[..stream.Flush(samples)]);
        return _queue.Count;
    }

    public void Reset()
    {
        using Turn turn = Enter();
        stream.Reset();
        _queue.Clear();
    }

    public byte[] Save()
    {
        using Turn turn = Enter();
        if (_queue.Count > 0) throw new InvalidOperationException($"{_queue.Count} samples wait to be pulled, expected none when a stream is saved");
        using var state = new MemoryStream();
        stream.SaveState(state);
        return state.ToArray();
    }

    public void Restore(Stream state)
    {
        using Turn turn = Enter();
        stream.RestoreState(state);
        _queue.Clear();
    }

    private Span<float> Room(int samples)
    {
        if (_samples.Length < samples) _samples = new float[samples];
        return _samples.AsSpan(0, samples);
    }

    private Turn Enter() => Interlocked.Exchange(ref _isBusy, 1) == 0 ? new Turn(this)
        : throw new InvalidOperationException("the stream is at work in another thread, expected one at a time");

    private readonly struct Turn(NativeStream owner) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref owner._isBusy, 0);
    }
}
