namespace FlowVocoder.AudioIO.Alsa;

/// <summary>A PCM device of this computer.</summary>
internal sealed unsafe class AlsaPcm : IPcm
{
    private readonly PcmHandle _pcm;

    private AlsaPcm(PcmHandle pcm, PcmFormat format) => (_pcm, Format) = (pcm, format);

    public PcmFormat Format { get; }

    /// <summary>
    /// Opens a device for 16-bit samples, at the rate that comes nearest to the wanted one without a conversion by ALSA (whose is often linear
    /// interpolation), and mono where it can be.
    /// </summary>
    /// <exception cref="VocoderException">The library or the device is missing, busy, or takes no such samples.</exception>
    public static AlsaPcm Open(string device, bool capture, int rate, AlsaOptions options)
    {
        PcmHandle pcm;
        int error;
        try
        {
            LibAsound.Silence();
            error = LibAsound.Open(out pcm, device, capture ? LibAsound.Capture : LibAsound.Playback, LibAsound.NonBlocking);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw AlsaError.NoLibrary(e);
        }
        if (error < 0) throw AlsaError.OnOpen(device, capture, error);
        try
        {
            PcmFormat format = AlsaParameters.SetHardware(pcm, device, rate, options);
            AlsaParameters.SetSoftware(pcm, device, format, capture);
            return new AlsaPcm(pcm, format);
        }
        catch
        {
            pcm.Dispose();
            throw;
        }
    }

    public int Write(ReadOnlySpan<short> interleaved)
    {
        fixed (short* p = interleaved) return (int)LibAsound.Write(_pcm, p, (nuint)(interleaved.Length / Format.Channels));
    }

    public int Read(Span<short> interleaved)
    {
        fixed (short* p = interleaved) return (int)LibAsound.Read(_pcm, p, (nuint)(interleaved.Length / Format.Channels));
    }

    public int Wait(int milliseconds) => LibAsound.Wait(_pcm, milliseconds);

    public int Delay(out int frames)
    {
        int error = LibAsound.Delay(_pcm, out nint delay);
        frames = (int)delay;
        return error;
    }

    public int Prepare() => LibAsound.Prepare(_pcm);

    public int Start() => LibAsound.Start(_pcm);

    public int Drop() => LibAsound.Drop(_pcm);

    public int DrainRest()
    {
        // A drain that does not wait would have to be asked again and again, and not every plugin of ALSA can be.
        LibAsound.SetNonBlocking(_pcm, 0);
        int error = LibAsound.Drain(_pcm);
        LibAsound.SetNonBlocking(_pcm, LibAsound.NonBlocking);
        return error;
    }

    public int Resume() => LibAsound.Resume(_pcm);

    public void Dispose() => _pcm.Dispose();
}
