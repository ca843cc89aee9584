namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// A player over a sound system that asks for samples from a thread of its own (WASAPI, CoreAudio, PortAudio): a lock-free ring lies between the
/// writer and that thread, which is never held up. Derive from it, start and stop the device, and call <see cref="Fill"/> from its callback.
/// </summary>
/// <remarks>
/// As on a sound card, playing begins when the buffer is full (or drained), and after an underrun it waits until it is full again; meanwhile the device
/// gets silence.
/// </remarks>
public abstract class CallbackPlayer : AudioPlayer
{
    private const int WaitMilliseconds = 20, StallSeconds = 5;

    private readonly SampleRing _ring;
    private readonly int _capacity;
    private readonly TimeProvider _clock;
    private readonly AutoResetEvent _news = new(false);
    // Held while the device is started or stopped, never by its callback.
    private readonly Lock _gate = new();
    private bool _running;
    private long _underruns, _asked, _silence;
    private volatile bool _draining, _holding = true;
    private volatile Exception? _failure;

    /// <summary>Makes the buffer.</summary>
    /// <param name="name">What displays and errors call the player.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="buffer">What is held in front of the device.</param>
    /// <param name="clock">Notices a device that asks for nothing. The default value is the computer's.</param>
    protected CallbackPlayer(string name, int sampleRate, TimeSpan buffer, TimeProvider? clock = null) : base(name, sampleRate)
    {
        _capacity = Math.Max(1, (int)(buffer.TotalSeconds * sampleRate));
        _ring = new SampleRing(_capacity);
        _clock = clock ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public override int BufferedSamples => _ring.Count + (_running ? DeviceSamples : 0);

    /// <inheritdoc/>
    public override long Underruns => Volatile.Read(ref _underruns);

    /// <summary>How long the device holds what it was given before it is heard.</summary>
    protected abstract TimeSpan DeviceLatency { get; }

    /// <summary>Whether somebody waits for the end; for tests, whose devices are faster than any writer.</summary>
    internal bool IsDraining => _draining;

    /// <summary>Called when samples have left the buffer and are not counted as given yet; for tests of what others see at that moment.</summary>
    internal Action? SamplesTaken { get; set; }

    private int DeviceSamples => (int)(DeviceLatency.TotalSeconds * SampleRate);

    /// <inheritdoc/>
    public override void Drain(CancellationToken cancellation = default)
    {
        long stops = Stops;
        if (!_running && _ring.Count == 0) return;
        _draining = true;
        try
        {
            Start(stops);
            // What the device holds has been heard when as much silence has followed.
            while (Stops == stops && (_ring.Count > 0 || Volatile.Read(ref _silence) <= DeviceSamples)) Wait(stops, cancellation);
            lock (_gate)
                if (Stops == stops) Halt();
        }
        finally
        {
            _draining = false;
        }
    }

    /// <inheritdoc/>
    protected override void Discard()
    {
        lock (_gate)
        {
            Halt();
            // The callback, which alone may read, is at rest.
            _ring.Skip(_ring.Count);
        }
        _news.Set();
    }

    /// <summary>To be called by the device's callback: gives the next samples, and silence where there are none. Never waits.</summary>
    protected void Fill(Span<float> samples)
    {
        if (_holding && (_draining || _ring.Count >= _capacity)) _holding = false;
        // Before the ring is empty: a Drain that sees it so must not take the silence before these samples for one behind them.
        if (!_holding && _ring.Count > 0) Volatile.Write(ref _silence, 0);
        int count = _holding ? 0 : _ring.Read(samples);
        SamplesTaken?.Invoke();
        samples[count..].Clear();
        Volatile.Write(ref _silence, (count > 0 ? 0 : _silence) + samples.Length - count);
        if (count < samples.Length && !_holding && !_draining)
        {
            Volatile.Write(ref _underruns, _underruns + 1);
            _holding = true;
        }
        Volatile.Write(ref _asked, _asked + samples.Length);
        _news.Set();
    }

    /// <summary>To be called when the device fails: whoever writes or drains is told.</summary>
    protected void Fail(Exception reason)
    {
        _failure = reason;
        _news.Set();
    }

    /// <summary>Lets the device begin to ask.</summary>
    /// <exception cref="VocoderException">It cannot be used.</exception>
    protected abstract void StartDevice();

    /// <summary>Silences the device at once; when this returns, it asks no more.</summary>
    protected abstract void StopDevice();

    /// <inheritdoc/>
    protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        while (true)
        {
            lock (_gate)
            {
                if (Stops != stops) return;
                samples = samples[_ring.Write(samples[..Math.Min(samples.Length, _capacity - _ring.Count)])..];
            }
            if (_ring.Count >= _capacity) Start(stops);
            if (samples.IsEmpty) return;
            Wait(stops, cancellation);
        }
    }

    private void Start(long stops)
    {
        lock (_gate)
        {
            if (_running || Stops != stops) return;
            (_holding, _silence) = (true, 0);
            StartDevice();
            _running = true;
        }
    }

    private void Halt()
    {
        if (_running) StopDevice();
        _running = false;
    }

    private void Wait(long stops, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        long asked = Volatile.Read(ref _asked), since = _clock.GetTimestamp();
        while (_failure == null && !_news.WaitOne(WaitMilliseconds) && Volatile.Read(ref _asked) == asked && Stops == stops)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_clock.GetElapsedTime(since) > TimeSpan.FromSeconds(StallSeconds))
                throw new VocoderException($"cannot play on {Name} any more: the device took no samples for {StallSeconds} s");
        }
        if (_failure is { } failure) throw new VocoderException($"cannot play on {Name} any more: {failure.Message.ReplaceLineEndings(" ")}", failure);
    }
}
