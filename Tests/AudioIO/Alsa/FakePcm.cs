using FlowVocoder.AudioIO.Alsa;

namespace FlowVocoder.Tests.AudioIO.Alsa;

/// <summary>A sound card that plays as the test says, and fails as the test says.</summary>
internal sealed class FakePcm(PcmFormat format) : IPcm
{
    private readonly Queue<int> _failures = new();
    private readonly Lock _gate = new();
    private List<short> _queued = [];

    public static PcmFormat Small => new(Rate: 22050, Channels: 1, Period: 100, Buffer: 400);

    public PcmFormat Format => format;

    /// <summary>All that was heard, interleaved.</summary>
    public List<short> Heard { get; } = [];

    /// <summary>What to read, interleaved.</summary>
    public Queue<short> Microphone { get; } = new();

    /// <summary>Frames that sound while somebody waits; 0 for a card that hangs.</summary>
    public int FramesPerWait { get; set; } = 100;

    /// <summary>Called when somebody waits.</summary>
    public Action? OnWait { get; set; }

    /// <summary>Called before the device is closed.</summary>
    public Action? OnDispose { get; set; }

    public int Starts { get; private set; }

    public int Prepares { get; private set; }

    public int Resumes { get; private set; }

    public bool Disposed { get; private set; }

    /// <summary>The next write or read gives this error instead.</summary>
    public void Fail(params int[] errors)
    {
        foreach (int error in errors) _failures.Enqueue(error);
    }

    public int Write(ReadOnlySpan<short> interleaved)
    {
        lock (_gate)
        {
            if (_failures.TryDequeue(out int error)) return error;
            int frames = Math.Min(interleaved.Length / format.Channels, format.Buffer - _queued.Count / format.Channels);
            _queued.AddRange(interleaved[..(frames * format.Channels)]);
            return frames == 0 ? AlsaError.Again : frames;
        }
    }

    public int Read(Span<short> interleaved)
    {
        lock (_gate)
        {
            if (_failures.TryDequeue(out int error)) return error;
            int frames = Math.Min(interleaved.Length, Microphone.Count) / format.Channels;
            for (int i = 0; i < frames * format.Channels; i++) interleaved[i] = Microphone.Dequeue();
            return frames == 0 ? AlsaError.Again : frames;
        }
    }

    public int Wait(int milliseconds)
    {
        OnWait?.Invoke();
        Play(FramesPerWait);
        return 0;
    }

    public int Delay(out int frames)
    {
        lock (_gate) frames = (_queued.Count + Microphone.Count) / format.Channels;
        // Time passes while somebody looks at it.
        Play(FramesPerWait);
        return 0;
    }

    public int Prepare()
    {
        Prepares++;
        return 0;
    }

    public int Start()
    {
        Starts++;
        return 0;
    }

    public int Drop()
    {
        lock (_gate) _queued = [];
        return 0;
    }

    public int DrainRest()
    {
        if (_failures.TryDequeue(out int error)) return error;
        Play(int.MaxValue);
        return 0;
    }

    public int Resume()
    {
        Resumes++;
        return _failures.TryDequeue(out int error) ? error : 0;
    }

    public void Dispose()
    {
        OnDispose?.Invoke();
        Disposed = true;
    }


    private void Play(int frames)
    {
        lock (_gate)
        {
            int samples = (int)Math.Min((long)frames * format.Channels, _queued.Count);
            Heard.AddRange(_queued[..samples]);
            _queued.RemoveRange(0, samples);
        }
    }
}
