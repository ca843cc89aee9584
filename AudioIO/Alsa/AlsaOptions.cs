namespace FlowVocoder.AudioIO.Alsa;

/// <summary>How a device of ALSA is opened.</summary>
public sealed record AlsaOptions
{
    /// <summary>Name of the PCM, as <see cref="AlsaDevices"/> lists them and <c>aplay -D</c> takes them. The default value is "default".</summary>
    public string Device { get; init; } = "default";

    /// <summary>What the device moves at once. The default value is 10 ms; the device takes what comes nearest.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// What the device holds, and so how long a writer may be late: playing begins when it is full. The default value is 200 ms; the device takes
    /// what comes nearest.
    /// </summary>
    public TimeSpan Buffer { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Options of a device by name, with periods that fit the buffer.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="buffer">The default value is 200 ms.</param>
    public static AlsaOptions Of(string device, TimeSpan? buffer = null)
    {
        var options = new AlsaOptions { Device = device };
        if (buffer is not { } time) return options;
        options = options with { Buffer = time };
        // Short buffers move in shorter pieces.
        return time < 4 * options.Period ? options with { Period = time / 4 } : options;
    }

    /// <summary>Checks the times.</summary>
    /// <exception cref="VocoderException">One of them is out of range.</exception>
    public void Validate()
    {
        if (Period < TimeSpan.FromMilliseconds(1) || Period > TimeSpan.FromSeconds(1))
            throw new VocoderException(FormattableString.Invariant($"the period is {Period.TotalMilliseconds} ms, expected 1 to 1000"));
        if (Buffer < 2 * Period || Buffer > TimeSpan.FromSeconds(10))
            throw new VocoderException(FormattableString.Invariant(
                $"the buffer is {Buffer.TotalMilliseconds} ms, expected at least two periods ({2 * Period.TotalMilliseconds} ms) and at most 10000"));
    }
}
