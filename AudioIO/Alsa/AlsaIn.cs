using FlowVocoder.AudioIO.Inputs;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>
/// Records from a microphone or sound server through ALSA, at the device's own rate that comes nearest to the wanted one. A thread of its own takes
/// the samples from the device, so that whoever reads may be late by a second; several channels are mixed.
/// </summary>
public sealed class AlsaIn : RingInput
{
    private const int WaitMilliseconds = 20, StallSeconds = 5;

    private readonly IPcm _pcm;
    private readonly string _device;
    private readonly TimeProvider _clock;
    private readonly Thread _thread;
    private volatile bool _closing, _stalled;

    /// <summary>Opens a device and begins to record.</summary>
    /// <param name="wantedRate">Samples per second that would be best; <see cref="AudioInput.SampleRate"/> is what the device gives.</param>
    /// <param name="options">The default value is a new <see cref="AlsaOptions"/>.</param>
    /// <exception cref="VocoderException">ALSA's library is not installed; there is no such device; it is busy; it cannot record 16-bit samples.</exception>
    public AlsaIn(int wantedRate, AlsaOptions? options = null) : this(options ?? new AlsaOptions(), OpenPcm(wantedRate, options), TimeProvider.System)
    {
    }

    /// <summary>Records from a device that is open; tests put one there that fails.</summary>
    internal AlsaIn(AlsaOptions options, IPcm pcm, TimeProvider clock) : base($"'{options.Device}'", pcm.Format.Rate)
    {
        (_pcm, _device, _clock) = (pcm, options.Device, clock);
        _thread = new Thread(Take) { IsBackground = true, Name = "FlowVocoder recorder" };
        _thread.Start();
    }

    /// <inheritdoc/>
    protected override long Held => !_closing && _pcm.Delay(out int waiting) >= 0 ? Math.Max(0, waiting) : 0;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _closing) return;
        _closing = true;
        Close();
        // A device that keeps its thread is closed when it lets it go.
        bool ended = _thread.Join(TimeSpan.FromSeconds(1));
        PcmFaults.Close(_pcm, hangs: _stalled || !ended);
    }

    private static AlsaPcm OpenPcm(int wantedRate, AlsaOptions? options)
    {
        options ??= new AlsaOptions();
        options.Validate();
        return AlsaPcm.Open(options.Device, capture: true, wantedRate, options);
    }

    private void Take()
    {
        var frames = new short[_pcm.Format.Period * _pcm.Format.Channels];
        var mono = new float[_pcm.Format.Period];
        long since = _clock.GetTimestamp();
        try
        {
            while (!_closing)
            {
                int count = Recovered(_pcm.Read(frames));
                if (count > 0)
                {
                    Mix(frames, mono.AsSpan(0, count));
                    Keep(mono.AsSpan(0, count));
                    since = _clock.GetTimestamp();
                }
                else if (_clock.GetElapsedTime(since) is var idle && idle.TotalSeconds >= StallSeconds)
                {
                    _stalled = true;
                    throw AlsaError.Stalled(_device, true, idle);
                }
                else if (_pcm.Wait(WaitMilliseconds) != 0) Thread.Sleep(1);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // Frames that were read; 0 where it must be tried again.
    private int Recovered(int result)
    {
        if (result >= 0) return result;
        if (result == AlsaError.BrokenPipe) CountOverrun();
        int error = PcmFaults.Recover(_pcm, result, out _);
        return error == 0 ? 0 : throw AlsaError.InUse(_device, capture: true, error, used: Taken > 0);
    }

    private void Mix(ReadOnlySpan<short> frames, Span<float> mono)
    {
        int channels = _pcm.Format.Channels;
        for (int i = 0; i < mono.Length; i++)
        {
            int sum = 0;
            foreach (short sample in frames.Slice(i * channels, channels)) sum += sample;
            mono[i] = sum / (32768f * channels);
        }
    }
}
