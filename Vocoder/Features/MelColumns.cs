namespace FlowVocoder.Features;

/// <summary>Frames of a mel as files hold it, band after band.</summary>
internal static class MelColumns
{
    /// <summary>Copies consecutive frames of a mel [bands, frames] to <paramref name="target"/> [n, bands]. Beyond the end the last frame goes on.</summary>
    /// <param name="mel">[bands, frames], at least one frame.</param>
    /// <param name="bands">Values of a frame.</param>
    /// <param name="first">The first frame to copy, 0 or more.</param>
    /// <param name="target">[n, bands] receives the frames.</param>
    public static void Copy(ReadOnlySpan<float> mel, int bands, int first, Span<float> target)
    {
        int frames = mel.Length / bands;
        for (int at = 0, i = first; at < target.Length; at += bands, i++)
        {
            int column = Math.Min(i, frames - 1);
            for (int b = 0; b < bands; b++) target[at + b] = mel[b * frames + column];
        }
    }
}
