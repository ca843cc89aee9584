using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>
/// Plays on a sound card or sound server through ALSA. Where the device has another rate than the speech, the project's own resampler converts;
/// where it is not mono, all channels get the same. An underrun is counted, and playing goes on when the buffer is full again.
/// </summary>
public sealed class AlsaOut : AudioPlayer
{
    private const int WaitMilliseconds = 20, StallSeconds = 5;

    private readonly IPcm _pcm;
    private readonly string _device;
    private readonly TimeProvider _clock;
    private readonly ResamplerStream _resampler;
    // Held for calls into the device that return at once, so that a stop need not wait for a write that waits.
    private readonly Lock _gate = new();
    private float[] _converted = [];
    private short[] _frames = [];
    private long _underruns, _seenStops;
    private int _inPeriod, _held;
    private bool _sounding, _used, _stalled;

    /// <summary>Opens a device.</summary>
    /// <param name="sampleRate">Samples per second of what will be written.</param>
    /// <param name="options">The default value is a new <see cref="AlsaOptions"/>.</param>
    /// <exception cref="VocoderException">ALSA's library is not installed; there is no such device; it is busy; it cannot play 16-bit samples.</exception>
    public AlsaOut(int sampleRate, AlsaOptions? options = null)
        : this(sampleRate, options ?? new AlsaOptions(), OpenPcm(sampleRate, options), TimeProvider.System)
    {
    }

    /// <summary>Plays on a device that is open; tests put one there that fails.</summary>
    internal AlsaOut(int sampleRate, AlsaOptions options, IPcm pcm, TimeProvider clock) : base($"'{options.Device}'", sampleRate)
    {
        (_pcm, _device, _clock) = (pcm, options.Device, clock);
        _resampler = new ResamplerStream(sampleRate, pcm.Format.Rate);
    }

    /// <summary>Samples per second that the device agreed to.</summary>
    public int DeviceRate => _pcm.Format.Rate;

    /// <inheritdoc/>
    /// <remarks>The device's own report, with what lies behind it (a sound server, a Bluetooth link) as far as ALSA knows.</remarks>
    public override int BufferedSamples
    {
        get
        {
            int frames = 0;
            lock (_gate)
                if (_pcm.Delay(out int delay) >= 0) frames = Math.Max(0, delay);
            return (int)((long)frames * SampleRate / DeviceRate) + Volatile.Read(ref _held);
        }
    }

    /// <inheritdoc/>
    public override long Underruns => Volatile.Read(ref _underruns);

    /// <inheritdoc/>
    public override void Drain(CancellationToken cancellation = default)
    {
        long stops = Stops;
        // A short sound may be in the filter as a whole.
        if (!_sounding && Volatile.Read(ref _held) == 0) return;
        Begin(stops);
        ReadOnlySpan<float> rest = Converted(_resampler.FlushCount, static (resampler, _, y) => resampler.Flush(y), []);
        _resampler.Reset();
        Convey(rest, stops, cancellation);
        Hold(stops);
        // Some devices play whole periods only: silence fills the last one, or its rest would be what was there before.
        if (_inPeriod > 0) Convey(new float[_pcm.Format.Period - _inPeriod], stops, cancellation);
        _inPeriod = 0;
        lock (_gate)
            if (Stops == stops) _pcm.Start(); // fails where it is running, which is as well
        WaitUntilNearlyEmpty(stops, cancellation);
        lock (_gate)
        {
            // What was left runs out meanwhile: that is no underrun.
            if (Stops == stops && _pcm.DrainRest() is < 0 and not AlsaError.BrokenPipe and var error)
                throw AlsaError.InUse(_device, capture: false, error, used: true);
            _pcm.Prepare();
            _sounding = false;
        }
    }

    /// <inheritdoc/>
    protected override void Discard()
    {
        lock (_gate)
        {
            (_sounding, _held) = (false, 0);
            _pcm.Drop();
            _pcm.Prepare();
        }
    }

    /// <inheritdoc/>
    protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        Begin(stops);
        Convey(Converted(_resampler.OutputCount(samples.Length), static (resampler, x, y) => resampler.Push(x, y), samples), stops, cancellation);
        Hold(stops);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) PcmFaults.Close(_pcm, hangs: _stalled);
    }

    private static AlsaPcm OpenPcm(int sampleRate, AlsaOptions? options)
    {
        options ??= new AlsaOptions();
        options.Validate();
        return AlsaPcm.Open(options.Device, capture: false, sampleRate, options);
    }

    // After a stop the filter must not carry what was before into what comes now.
    private void Begin(long stops)
    {
        if (stops == _seenStops) return;
        _resampler.Reset();
        (_seenStops, _inPeriod) = (stops, 0);
    }

    // What the filter holds, for threads that ask meanwhile; what a stop has discarded is not held.
    private void Hold(long stops)
    {
        lock (_gate)
            if (Stops == stops) Volatile.Write(ref _held, _resampler.HeldSamples);
    }

    private delegate int Conversion(ResamplerStream resampler, ReadOnlySpan<float> x, Span<float> y);

    private ReadOnlySpan<float> Converted(int count, Conversion convert, ReadOnlySpan<float> samples)
    {
        if (_converted.Length < count) _converted = new float[count];
        return _converted.AsSpan(0, convert(_resampler, samples, _converted));
    }

    private void Convey(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        int channels = _pcm.Format.Channels;
        if (_frames.Length < samples.Length * channels) _frames = new short[samples.Length * channels];
        for (int i = 0; i < samples.Length; i++) _frames.AsSpan(i * channels, channels).Fill(Pcm16.Of(samples[i]));
        ReadOnlySpan<short> left = _frames.AsSpan(0, samples.Length * channels);
        for (long since = _clock.GetTimestamp(); !left.IsEmpty;)
        {
            cancellation.ThrowIfCancellationRequested();
            int written;
            // A sound server that hangs may hold the call itself for half a minute.
            long asked = _clock.GetTimestamp();
            lock (_gate)
            {
                if (Stops != stops) return;
                written = Recovered(_pcm.Write(left));
                _sounding |= written > 0;
                _used |= written > 0;
            }
            if (written > 0)
            {
                left = left[(written * channels)..];
                _inPeriod = (_inPeriod + written) % _pcm.Format.Period;
                since = asked;
            }
            else WaitForRoom(since);
        }
    }

    // Frames that were written; 0 where it must be tried again.
    private int Recovered(int result)
    {
        if (result >= 0) return result;
        if (result == AlsaError.BrokenPipe) _underruns++;
        int error = PcmFaults.Recover(_pcm, result, out bool restarted);
        if (restarted) _inPeriod = 0;
        return error == 0 ? 0 : throw AlsaError.InUse(_device, capture: false, error, used: _used);
    }

    private VocoderException Stalled(TimeSpan time)
    {
        _stalled = true;
        return AlsaError.Stalled(_device, false, time);
    }

    private void WaitForRoom(long since)
    {
        if (_clock.GetElapsedTime(since) is var idle && idle.TotalSeconds >= StallSeconds) throw Stalled(idle);
        // Where a device is said to be ready and is not, this must not spin.
        if (_pcm.Wait(WaitMilliseconds) != 0) Thread.Sleep(1);
    }

    private void WaitUntilNearlyEmpty(long stops, CancellationToken cancellation)
    {
        long since = _clock.GetTimestamp();
        for (int before = int.MaxValue; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            int delay;
            long asked = _clock.GetTimestamp();
            lock (_gate)
                if (Stops != stops || _pcm.Delay(out delay) < 0 || delay <= _pcm.Format.Period) return;
            if (delay < before) (before, since) = (delay, asked);
            else if (_clock.GetElapsedTime(since) is var idle && idle.TotalSeconds >= StallSeconds) throw Stalled(idle);
            Thread.Sleep(5);
        }
    }
}
