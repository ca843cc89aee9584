namespace FlowVocoder.Features;

/// <summary>
/// Mel spectrograms of a signal that is still coming: samples go in, frames come out as soon as their window is full. However the samples are
/// cut into chunks, the frames are bit for bit those of <see cref="MelSpectrogram.Compute"/> on the whole. Not thread-safe.
/// </summary>
public sealed class MelStream
{
    private readonly MelSpectrogram _mel;
    private readonly double[] _window;
    // The last samples of the signal, from _keptStart on.
    private float[] _kept;
    private long _keptStart, _received, _frames;
    private int _keptLength;

    /// <summary>Prepares tables for a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid, or changes the whole recording first
    /// (<see cref="MelRecipe.PreparesRecording"/>).</exception>
    public MelStream(MelRecipe recipe) : this(new MelSpectrogram(recipe))
    {
    }

    /// <summary>Shares the tables of a spectrogram, which other streams and threads may use meanwhile.</summary>
    /// <exception cref="VocoderException">The recipe changes the whole recording first.</exception>
    public MelStream(MelSpectrogram spectrogram)
    {
        ArgumentNullException.ThrowIfNull(spectrogram);
        _mel = spectrogram;
        if (Recipe.PreparesRecording)
            throw new VocoderException($"mel recipe '{Recipe.Name}' filters or scales whole recordings first, expected one that leaves them as they are: its "
                + "frames cannot be made while samples come");
        _window = new double[Recipe.FftSize];
        _kept = new float[2 * Recipe.FftSize];
    }

    /// <summary>The recipe.</summary>
    public MelRecipe Recipe => _mel.Recipe;

    /// <summary>
    /// Frame i comes out when the signal has HopSize·i + LatencySamples samples: (FFT + hop)/2 for hop-centred recipes, FFT/2 for
    /// centred ones. Only their first frame takes one sample more, since its left half is the mirror image of its right.
    /// </summary>
    public int LatencySamples => Recipe.FftSize - _mel.Padding;

    /// <summary>Samples pushed so far.</summary>
    public long Received => _received;

    /// <summary>Frames that have come out so far.</summary>
    public long Frames => _frames;

    /// <summary>Frames that <see cref="Push"/> will give for so many samples.</summary>
    public int FrameCount(int samples) => checked((int)(Ready(_received + samples) - _frames));

    /// <summary>Frames that <see cref="Flush"/> will give: those that reach over the end of the signal.</summary>
    public int FlushCount => checked((int)(Total(_received) - _frames));

    /// <summary>Takes in samples and gives the frames that are ready.</summary>
    /// <param name="samples">The next samples at the recipe's rate, −1 … 1.</param>
    /// <param name="frames">Room for [<see cref="FrameCount"/>, Bands] values, one frame after the other.</param>
    /// <returns>Frames written.</returns>
    /// <exception cref="ArgumentException">There is no room; nothing was taken in.</exception>
    public int Push(ReadOnlySpan<float> samples, Span<float> frames)
    {
        int count = FrameCount(samples.Length);
        RequireRoom(frames, count);
        for (int done = 0; !samples.IsEmpty;)
        {
            // In steps, so that a long chunk needs no more memory than a short one.
            int step = Math.Min(samples.Length, Recipe.FftSize);
            Append(samples[..step]);
            samples = samples[step..];
            done += Compute(Ready(_received), frames[(done * Recipe.Bands)..]);
        }
        return count;
    }

    /// <summary>Ends the signal: gives the last frames, reflected at the end. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="frames">Room for [<see cref="FlushCount"/>, Bands] values, one frame after the other.</param>
    /// <returns>Frames written.</returns>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public int Flush(Span<float> frames)
    {
        RequireRoom(frames, FlushCount);
        return Compute(Total(_received), frames);
    }

    /// <summary>Starts a new signal.</summary>
    public void Reset() => (_keptStart, _keptLength, _received, _frames) = (0, 0, 0, 0);

    private long FirstSample(long frame) => (frame * Recipe.HopSize) - _mel.Padding;

    // Frames that depend on none but the first so many samples: their window ends before, and so do its mirror images at the beginning.
    private long Ready(long samples) =>
        samples <= _mel.Padding || samples < LatencySamples ? 0 : 1 + ((samples - LatencySamples) / Recipe.HopSize);

    private long Total(long samples)
    {
        long padded = samples + (2L * _mel.Padding);
        return samples == 0 || padded < Recipe.FftSize ? 0 : 1 + ((padded - Recipe.FftSize) / Recipe.HopSize);
    }

    private int Compute(long until, Span<float> frames)
    {
        int count = 0;
        for (; _frames < until; _frames++, count++)
        {
            Padding.Extend(Recipe.Padding, _kept.AsSpan(0, _keptLength), _keptStart, _received, FirstSample(_frames), _window);
            _mel.Frame(_window, frames.Slice(count * Recipe.Bands, Recipe.Bands));
        }
        return count;
    }

    // A frame at the end needs the window before it and, mirrored, as much as the padding: less than a whole FFT. The next frame may begin
    // half an FFT and more before what has come.
    private void Append(ReadOnlySpan<float> samples)
    {
        int excess = _keptLength + samples.Length - _kept.Length;
        if (excess > 0)
        {
            _kept.AsSpan(excess, _keptLength - excess).CopyTo(_kept);
            (_keptStart, _keptLength) = (_keptStart + excess, _keptLength - excess);
        }
        samples.CopyTo(_kept.AsSpan(_keptLength));
        _keptLength += samples.Length;
        _received += samples.Length;
    }

    private void RequireRoom(Span<float> frames, int count)
    {
        if (frames.Length < count * Recipe.Bands)
            throw new ArgumentException($"room for {frames.Length} values, expected {count} frames of {Recipe.Bands}", nameof(frames));
    }
}
