namespace FlowVocoder.AudioIO.Alsa;

/// <summary>
/// An open PCM device as players and recorders use it: frames of 16-bit samples, never waiting but in <see cref="Wait"/> and
/// <see cref="DrainRest"/>. Results below 0 are negative error numbers (<see cref="AlsaError"/>). The seam behind which tests put devices that fail.
/// </summary>
internal interface IPcm : IDisposable
{
    /// <summary>What the device agreed to.</summary>
    PcmFormat Format { get; }

    /// <summary>Writes whole frames; how many found room.</summary>
    int Write(ReadOnlySpan<short> interleaved);

    /// <summary>Reads whole frames; how many there were.</summary>
    int Read(Span<short> interleaved);

    /// <summary>Waits until a period can be written or read.</summary>
    int Wait(int milliseconds);

    /// <summary>Frames until what is written now is heard, or since what is read next was heard.</summary>
    int Delay(out int frames);

    /// <summary>Makes it ready, after an underrun for example.</summary>
    int Prepare();

    /// <summary>Begins, although there is less in the buffer than a start waits for.</summary>
    int Start();

    /// <summary>Throws away what is in the buffer.</summary>
    int Drop();

    /// <summary>Waits until the buffer, which should be nearly empty, is played.</summary>
    int DrainRest();

    /// <summary>Wakes a suspended device.</summary>
    int Resume();
}

/// <summary>What a device agreed to.</summary>
/// <param name="Rate">Frames per second.</param>
/// <param name="Channels">Samples of a frame.</param>
/// <param name="Period">Frames that the device moves at once.</param>
/// <param name="Buffer">Frames of its whole buffer.</param>
internal readonly record struct PcmFormat(int Rate, int Channels, int Period, int Buffer);
