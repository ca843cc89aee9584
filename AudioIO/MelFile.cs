namespace FlowVocoder.AudioIO;

/// <summary>Mel spectrograms in .npy files.</summary>
public static class MelFile
{
    /// <summary>
    /// Reads a mel of the given number of bands from shape [bands, T] (as Tacotron 2, HiFi-GAN and their relatives write it) or [T, bands] (ESPnet), which is
    /// transposed, behind any axes of 1 (batch, channel). [bands, bands] is taken as the first form, or the second where <paramref name="framesFirst"/>.
    /// </summary>
    /// <exception cref="VocoderException">
    /// The file is no usable .npy (<see cref="Npy.Read(string)"/>), has another shape, no frames, or a NaN or infinite value.
    /// </exception>
    public static MelArray Read(string path, int bands, bool framesFirst = false) => FromNpy(Npy.Read(path), path, bands, framesFirst);

    /// <summary>Reads a stream to its end; errors call it <paramref name="name"/>.</summary>
    /// <exception cref="VocoderException">As for <see cref="Read(string, int, bool)"/>.</exception>
    public static MelArray Read(Stream stream, string name, int bands, bool framesFirst = false) => FromNpy(Npy.Read(stream, name), name, bands, framesFirst);

    /// <summary>Writes a mel as float32 of shape [bands, frames]; the file appears whole or not at all.</summary>
    /// <param name="path">Replaced where it exists.</param>
    /// <param name="data">[bands, frames] row-major.</param>
    /// <param name="bands">Number of mel bands.</param>
    /// <param name="frames">Number of frames.</param>
    /// <exception cref="VocoderException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<float> data, int bands, int frames) =>
        Npy.Write(path, data, [bands, frames]);

    private static MelArray FromNpy(NpyArray array, string name, int bands, bool framesFirst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bands);
        int[] shape = array.Shape;
        int ones = 0;
        while (ones < shape.Length - 2 && shape[ones] == 1) ones++;
        (int frames, bool transposed) = shape[ones..] switch
        {
            [var b, var t] when b == bands && !(framesFirst && t == bands) => (t, false),
            [var t, var b] when b == bands => (t, true),
            _ => throw new VocoderException(
                $"'{name}' has shape {NpyArray.Describe(shape)}, expected a mel of {bands} bands: [{bands}, T] or [T, {bands}], behind any axes of 1"),
        };
        if (frames == 0)
            throw new VocoderException($"'{name}' is an empty mel: shape {NpyArray.Describe(shape)}, expected at least one frame");
        float[] data = transposed ? Transpose(array.Data, frames, bands) : array.Data;
        int bad = NotFinite.IndexIn(data);
        if (bad >= 0)
        {
            throw new VocoderException(
                $"'{name}' has {NotFinite.Name(data[bad])} at [band {bad / frames}, frame {bad % frames}], expected finite numbers");
        }

        return new MelArray(data, bands, frames);
    }

    private static float[] Transpose(float[] data, int rows, int columns)
    {
        var result = new float[data.Length];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                result[c * rows + r] = data[r * columns + c];
        }

        return result;
    }
}
