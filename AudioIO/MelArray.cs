namespace FlowVocoder.AudioIO;

/// <summary>A mel spectrogram in memory, in whatever scale its file had.</summary>
public sealed class MelArray
{
    internal MelArray(float[] data, int bands, int frames)
    {
        Data = data;
        Bands = bands;
        Frames = frames;
    }

    /// <summary>The values, [bands, frames] row-major: value of band b in frame t at <c>b * Frames + t</c>. All finite.</summary>
    public float[] Data { get; }

    /// <summary>Number of mel bands.</summary>
    public int Bands { get; }

    /// <summary>Number of frames, at least 1.</summary>
    public int Frames { get; }
}
