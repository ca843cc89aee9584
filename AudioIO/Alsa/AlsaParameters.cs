namespace FlowVocoder.AudioIO.Alsa;

/// <summary>Agrees with a device on what it plays or records.</summary>
internal static unsafe class AlsaParameters
{
    /// <summary>Format, rate and buffer; the order is ALSA's own, each choice narrows the next.</summary>
    /// <exception cref="VocoderException">The device takes no 16-bit samples in any rate or number of channels.</exception>
    public static PcmFormat SetHardware(PcmHandle pcm, string device, int wantedRate, AlsaOptions options)
    {
        Check(LibAsound.NewHardwareParameters(out nint parameters), device, "memory for its parameters");
        try
        {
            Check(LibAsound.AnyHardwareParameters(pcm, parameters), device, "a configuration");
            LibAsound.SetRateResample(pcm, parameters, 0);
            Check(LibAsound.SetAccess(pcm, parameters, LibAsound.InterleavedAccess), device, "interleaved samples");
            Check(LibAsound.SetFormat(pcm, parameters, LibAsound.FormatS16), device, "16-bit samples");
            uint channels = 1, rate = (uint)wantedRate;
            Check(LibAsound.SetChannelsNear(pcm, parameters, ref channels), device, "1 channel");
            Check(LibAsound.SetRateNear(pcm, parameters, ref rate, null), device, $"{wantedRate} Hz");
            nuint period = (nuint)Frames(options.Period, rate), buffer = (nuint)Frames(options.Buffer, rate);
            Check(LibAsound.SetPeriodNear(pcm, parameters, ref period, null), device, $"a period of {options.Period.TotalMilliseconds} ms");
            Check(LibAsound.SetBufferNear(pcm, parameters, ref buffer), device, $"a buffer of {options.Buffer.TotalMilliseconds} ms");
            Check(LibAsound.SetHardwareParameters(pcm, parameters), device,
                $"{rate} Hz, {channels} channels, a period of {period} and a buffer of {buffer} frames");
            return new PcmFormat((int)rate, (int)channels, (int)period, (int)buffer);
        }
        finally
        {
            LibAsound.FreeHardwareParameters(parameters);
        }
    }

    /// <summary>Playing begins by itself when whole periods fill the buffer, recording at the first read.</summary>
    /// <exception cref="VocoderException">The device refuses.</exception>
    public static void SetSoftware(PcmHandle pcm, string device, PcmFormat format, bool capture)
    {
        Check(LibAsound.NewSoftwareParameters(out nint parameters), device, "memory for its parameters");
        try
        {
            Check(LibAsound.CurrentSoftwareParameters(pcm, parameters), device, "a configuration");
            int start = capture ? 1 : format.Buffer / format.Period * format.Period;
            Check(LibAsound.SetStartThreshold(pcm, parameters, (nuint)start), device, $"a start at {start} frames");
            Check(LibAsound.SetAvailableMinimum(pcm, parameters, (nuint)format.Period), device, $"wake-ups every {format.Period} frames");
            Check(LibAsound.SetSoftwareParameters(pcm, parameters), device, $"a start at {start} frames");
        }
        finally
        {
            LibAsound.FreeSoftwareParameters(parameters);
        }
    }

    private static int Frames(TimeSpan time, uint rate) => Math.Max(1, (int)Math.Round(time.TotalSeconds * rate));

    private static void Check(int result, string device, FormattableString wanted)
    {
        if (result < 0) Check(result, device, FormattableString.Invariant(wanted));
    }

    private static void Check(int result, string device, string wanted)
    {
        if (result < 0)
            throw new VocoderException($"the device '{device}' does not take {wanted}, expected one that does (a name that begins with 'plughw:' converts)");
    }
}
