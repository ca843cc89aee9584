namespace FlowVocoder.Native;

/// <summary>fv_layout of the header.</summary>
internal static class Layout
{
    private const int IsBandsFirst = 0, IsFramesFirst = 1;

    /// <summary>A copy of a mel as [bands, frames].</summary>
    /// <exception cref="ArgumentException">There is no such layout.</exception>
    public static float[] BandsFirst(ReadOnlySpan<float> mel, int bands, int layout)
    {
        if (layout == IsBandsFirst) return mel.ToArray();
        if (layout != IsFramesFirst) throw new ArgumentException($"layout {layout}, expected FV_BANDS_FIRST or FV_FRAMES_FIRST");
        int frames = mel.Length / bands;
        var result = new float[mel.Length];
        for (int i = 0; i < frames; i++)
            for (int b = 0; b < bands; b++) result[b * frames + i] = mel[i * bands + b];
        return result;
    }
}
