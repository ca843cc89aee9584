namespace FlowVocoder.Training.Evaluation;

/// <summary>How far a clip departs from normal ones.</summary>
/// <param name="Frames">Calibrated z-score of each frame: 0 is the mean of normal frames, 1 a standard deviation of theirs above it.</param>
/// <param name="Windows">The same for the mean over a window around each frame, which lies within the clip; empty for a clip that is shorter than a
/// window.</param>
public sealed record AnomalyScores(double[] Frames, double[] Windows);

/// <summary>
/// Tells frames, and stretches of time, that are unlike those of normal recordings: a value per frame is put into standard deviations of normal ones, and what
/// lies farther from 0 on either side than all but a chosen part of the normal ones stands out.
/// </summary>
public sealed class AnomalyDetector
{
    private readonly Normal _frame, _window;

    private AnomalyDetector(int window, Normal frame, Normal mean, int frames) => (Window, _frame, _window, FittedFrames) = (window, frame, mean, frames);

    /// <summary>Frames of a window.</summary>
    public int Window { get; }

    /// <summary>Frames of normal recordings that it knows.</summary>
    public int FittedFrames { get; }

    /// <summary>Distance from 0 beyond which a frame stands out.</summary>
    public double FrameThreshold => _frame.Threshold;

    /// <summary>The same for a window.</summary>
    public double WindowThreshold => _window.Threshold;

    /// <summary>Learns what is normal.</summary>
    /// <param name="clips">A value for each frame of each normal clip.</param>
    /// <param name="falseAlarms">Part of the normal frames, and of the windows, that stand out all the same: above 0, at most 0.5.</param>
    /// <param name="window">Frames of a window, at least 1.</param>
    /// <exception cref="VocoderException">There are too few frames, or no whole windows, to set a threshold by, or all are alike.</exception>
    public static AnomalyDetector Fit(IReadOnlyList<double[]> clips, double falseAlarms, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (!(falseAlarms is > 0 and <= 0.5)) throw new ArgumentOutOfRangeException(nameof(falseAlarms), falseAlarms, "expected above 0 and at most 0.5");
        const int Exceeding = 10;
        int frames = clips.Sum(clip => clip.Length), least = (int)Math.Ceiling(Exceeding / falseAlarms);
        if (frames < least)
            throw new VocoderException(FormattableString.Invariant(
                $"{frames} frames of normal speech are too few for {100 * falseAlarms:0.###} % of false alarms, expected at least {least}"));
        Normal frame = Normal.Of([.. clips.SelectMany(clip => clip)], falseAlarms);
        double[] means = [.. clips.SelectMany(clip => Means([.. clip.Select(frame.Score)], window))];
        if (means.Length == 0) throw new VocoderException($"no clip of normal speech is as long as a window of {window} frames, expected longer ones");
        return new AnomalyDetector(window, frame, Normal.Of(means, falseAlarms), frames);
    }

    /// <summary>Scores a clip by its value for each frame.</summary>
    public AnomalyScores Score(IReadOnlyList<double> values)
    {
        double[] frames = [.. values.Select(_frame.Score)];
        return new AnomalyScores(frames, [.. Means(frames, Window).Select(_window.Score)]);
    }

    // The mean over the window around each frame; at the ends the window stays inside.
    private static double[] Means(double[] values, int window)
    {
        if (values.Length < window) return [];
        var sums = new double[values.Length + 1];
        for (int i = 0; i < values.Length; i++) sums[i + 1] = sums[i] + values[i];
        var means = new double[values.Length];
        for (int i = 0; i < means.Length; i++)
        {
            int first = Math.Clamp(i - window / 2, 0, values.Length - window);
            means[i] = (sums[first + window] - sums[first]) / window;
        }
        return means;
    }

    private sealed record Normal(double Mean, double Deviation, double Threshold)
    {
        public double Score(double value) => (value - Mean) / Deviation;

        public static Normal Of(double[] values, double exceeding)
        {
            double mean = values.Average(), deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            if (!(deviation > 1e-9 * Math.Max(1, Math.Abs(mean))))
                throw new VocoderException("all frames of normal speech are alike, expected recordings of speech");
            double[] distances = [.. values.Select(v => Math.Abs(v - mean) / deviation).Order()];
            return new Normal(mean, deviation, distances[Math.Clamp((int)Math.Ceiling((1 - exceeding) * values.Length) - 1, 0, values.Length - 1)]);
        }
    }
}
