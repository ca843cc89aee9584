namespace FlowVocoder.AudioIO;

/// <summary>Sampled sound in memory: one array per channel, full scale is ±1.</summary>
public sealed class Audio
{
    /// <summary>Wraps the samples without copying them.</summary>
    /// <param name="channels">One array per channel, at least one, all of the same length.</param>
    /// <param name="sampleRate">Samples per second and channel, positive.</param>
    public Audio(float[][] channels, int sampleRate)
    {
        ArgumentNullException.ThrowIfNull(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        if (channels.Length == 0)
            throw new ArgumentException("audio needs at least one channel", nameof(channels));
        foreach (float[] channel in channels)
        {
            if (channel.Length != channels[0].Length)
                throw new ArgumentException("the channels differ in length", nameof(channels));
        }

        Channels = channels;
        SampleRate = sampleRate;
    }

    /// <summary>The samples, [channel][time].</summary>
    public float[][] Channels { get; }

    /// <summary>Samples per second and channel.</summary>
    public int SampleRate { get; }

    /// <summary>Samples per channel.</summary>
    public int Length => Channels[0].Length;

    /// <summary>The mean of the channels, as a new array: a mix that cannot clip.</summary>
    public float[] ToMono()
    {
        var mono = (float[])Channels[0].Clone();
        if (Channels.Length == 1)
            return mono;
        for (int c = 1; c < Channels.Length; c++)
        {
            float[] channel = Channels[c];
            for (int t = 0; t < mono.Length; t++)
                mono[t] += channel[t];
        }

        for (int t = 0; t < mono.Length; t++)
            mono[t] /= Channels.Length;
        return mono;
    }
}
