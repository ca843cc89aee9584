namespace FlowVocoder.AudioIO.Alsa;

/// <summary>What playing and recording do alike with a device that answers an error, or nothing at all.</summary>
internal static class PcmFaults
{
    /// <summary>Makes a device ready again after an error.</summary>
    /// <param name="pcm">The device.</param>
    /// <param name="error">Its answer, below 0.</param>
    /// <param name="restarted">Whether it began anew, and what was in its buffer is lost.</param>
    /// <returns>0 where it may be asked again, else the error that stays.</returns>
    public static int Recover(IPcm pcm, int error, out bool restarted)
    {
        restarted = false;
        switch (error)
        {
            case AlsaError.Again or AlsaError.Interrupted:
                return 0;
            // Devices that can go on where they were take no Prepare, or lose by it what they hold; the others begin anew.
            case AlsaError.Suspended when pcm.Resume() is >= 0 or AlsaError.Again:
                return 0;
            case AlsaError.BrokenPipe or AlsaError.Suspended:
                restarted = true;
                return Math.Min(0, pcm.Prepare());
            default:
                return error;
        }
    }

    /// <summary>Closes a device, and does not wait for one that hangs: a sound server may hold the call for half a minute.</summary>
    public static void Close(IPcm pcm, bool hangs)
    {
        if (hangs) new Thread(pcm.Dispose) { IsBackground = true, Name = "FlowVocoder closing" }.Start();
        else pcm.Dispose();
    }
}
