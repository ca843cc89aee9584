using FlowVocoder.Features;

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

    /// <summary>The same mel in another recipe.</summary>
    /// <param name="conversion">From the recipe of this mel.</param>
    public MelArray Convert(MelConversion conversion)
    {
        ArgumentNullException.ThrowIfNull(conversion);
        float[] converted = conversion.Convert(Data);
        return new MelArray(converted, conversion.Target.Bands, converted.Length / conversion.Target.Bands);
    }

    /// <summary>The values, [bands, frames] row-major: value of band b in frame t at <c>b * Frames + t</c>. All finite.</summary>
    public float[] Data { get; }

    /// <summary>Number of mel bands.</summary>
    public int Bands { get; }

    /// <summary>Number of frames, at least 1.</summary>
    public int Frames { get; }
}
