using NWaves.Transforms;

namespace FlowVocoder.Training.Evaluation;

/// <summary>Short-time objective intelligibility of a clip.</summary>
/// <param name="Stoi">C. Taal et al. 2011: 1 for identical signals, about 0 for unrelated ones.</param>
/// <param name="Extended">ESTOI, J. Jensen and C. Taal 2016: the same range, stricter about modulations across bands.</param>
public readonly record struct IntelligibilityScores(double Stoi, double Extended);

/// <summary>
/// STOI (C. Taal, R. Hendriks, R. Heusdens, J. Jensen, "An algorithm for intelligibility prediction of time-frequency weighted noisy
/// speech", IEEE TASLP 19(7), 2011, sec. II) and ESTOI (J. Jensen, C. Taal, "An algorithm for predicting the intelligibility of speech
/// masked by modulated noise maskers", IEEE/ACM TASLP 24(11), 2016, sec. II).
/// At 10 kHz: silent frames leave (more than 40 dB below the loudest of the reference); envelopes of 15 third-octave bands
/// from 150 Hz (Hann 256, hop 128, FFT 512); correlation of reference and degraded envelopes over all segments of 30 frames (384 ms).
/// </summary>
public static class Stoi
{
    /// <summary>Rate in Hz at which the measure is defined.</summary>
    public const int SampleRate = 10_000;

    internal const int FrameSize = 256, Hop = 128, FftSize = 512, Bands = 15, SegmentFrames = 30;
    private const double LowestCentre = 150, SilenceRange = 40, ClippingDecibels = -15;

    // Segments without any variation have no correlation; this keeps their 0/0 at 0.
    private const double Tiny = 1e-15;

    // Hann without its zeros at the ends, as in the authors' implementation: with hop 128 it adds up to almost one.
    private static readonly double[] Window =
        [.. Enumerable.Range(1, FrameSize).Select(n => 0.5 - 0.5 * Math.Cos(2 * Math.PI * n / (FrameSize + 1)))];

    private static readonly (int First, int End)[] BandBins = [.. Enumerable.Range(0, Bands).Select(BinsOf)];

    /// <summary>Both measures of a pair at 10 kHz; the longer one is cut to the shorter.</summary>
    /// <param name="reference">Clean samples at <see cref="SampleRate"/>.</param>
    /// <param name="degraded">Samples at the same rate, aligned.</param>
    /// <returns>NaN in both where less than 30 frames (0.4 s) of speech are left to compare.</returns>
    public static IntelligibilityScores Compare(ReadOnlySpan<float> reference, ReadOnlySpan<float> degraded)
    {
        int length = Math.Min(reference.Length, degraded.Length);
        var (clean, other) = WithoutSilence(reference[..length], degraded[..length]);
        double[][] x = Envelopes(clean), y = Envelopes(other);
        int segments = x.Length - SegmentFrames + 1;
        if (segments < 1) return new IntelligibilityScores(double.NaN, double.NaN);
        double stoi = 0, extended = 0;
        for (int m = 0; m < segments; m++)
        {
            double[][] a = Segment(x, m), b = Segment(y, m);
            stoi += MeanCorrelation(a, b);
            extended += SpectralCorrelation(a, b);
        }
        return new IntelligibilityScores(stoi / segments, extended / segments);
    }

    /// <summary>Taal 2011: cuts the frames whose clean energy is more than 40 dB below that of the loudest,
    /// and overlap-adds those that stay.</summary>
    internal static (double[] Clean, double[] Degraded) WithoutSilence(ReadOnlySpan<float> clean, ReadOnlySpan<float> degraded)
    {
        var energies = new List<double>();
        for (int start = 0; start + FrameSize < clean.Length; start += Hop)
        {
            double energy = 0;
            for (int n = 0; n < FrameSize; n++) energy += Math.Pow(clean[start + n] * Window[n], 2);
            energies.Add(10 * Math.Log10(energy + 1e-30));
        }
        double least = energies.Count == 0 ? 0 : energies.Max() - SilenceRange;
        int[] kept = [.. Enumerable.Range(0, energies.Count).Where(i => energies[i] > least)];
        int length = kept.Length == 0 ? 0 : (kept.Length - 1) * Hop + FrameSize;
        double[] x = new double[length], y = new double[length];
        for (int i = 0; i < kept.Length; i++)
            for (int n = 0; n < FrameSize; n++)
            {
                x[i * Hop + n] += clean[kept[i] * Hop + n] * Window[n];
                y[i * Hop + n] += degraded[kept[i] * Hop + n] * Window[n];
            }
        return (x, y);
    }

    /// <summary>Taal 2011: [frames][Bands], the norm of the spectrum within each third-octave band.</summary>
    internal static double[][] Envelopes(double[] signal)
    {
        var fft = new RealFft64(FftSize);
        double[] frame = new double[FftSize], re = new double[(FftSize / 2) + 1], im = new double[(FftSize / 2) + 1];
        var envelopes = new List<double[]>();
        for (int start = 0; start + FrameSize < signal.Length; start += Hop)
        {
            for (int n = 0; n < FrameSize; n++) frame[n] = signal[start + n] * Window[n];
            fft.Direct(frame, re, im);
            var bands = new double[Bands];
            for (int j = 0; j < Bands; j++)
            {
                double power = 0;
                for (int k = BandBins[j].First; k < BandBins[j].End; k++) power += re[k] * re[k] + im[k] * im[k];
                bands[j] = Math.Sqrt(power);
            }
            envelopes.Add(bands);
        }
        return [.. envelopes];
    }

    /// <summary>The bins [first, end) of band j: its edges, a sixth of an octave around 150·2^(j/3) Hz, at the nearest bins.</summary>
    internal static (int First, int End) BinsOf(int band)
    {
        static int Nearest(double hz) => (int)Math.Round(hz * FftSize / SampleRate);
        return (Nearest(LowestCentre * Math.Pow(2, (2 * band - 1) / 6.0)), Nearest(LowestCentre * Math.Pow(2, (2 * band + 1) / 6.0)));
    }

    /// <summary>[Bands][SegmentFrames]: the envelopes of the segment that begins at a frame, one row a band.</summary>
    private static double[][] Segment(double[][] envelopes, int first)
    {
        var rows = new double[Bands][];
        for (int j = 0; j < Bands; j++)
        {
            rows[j] = new double[SegmentFrames];
            for (int n = 0; n < SegmentFrames; n++) rows[j][n] = envelopes[first + n][j];
        }
        return rows;
    }

    /// <summary>Taal 2011: the degraded envelope is scaled to the energy of the clean one and clipped at a signal-to-distortion
    /// ratio of -15 dB; then the correlation, averaged over the bands.</summary>
    internal static double MeanCorrelation(double[][] clean, double[][] degraded)
    {
        double most = 1 + Math.Pow(10, -ClippingDecibels / 20), sum = 0;
        for (int j = 0; j < clean.Length; j++)
        {
            double[] x = clean[j], y = degraded[j];
            double scale = Math.Sqrt(Dot(x, x) / (Dot(y, y) + Tiny));
            double[] clipped = [.. x.Zip(y, (clear, noisy) => Math.Min(scale * noisy, most * clear))];
            sum += Dot(Normalised(x), Normalised(clipped));
        }
        return sum / clean.Length;
    }

    /// <summary>Jensen 2016: rows (bands over time), then columns (frames across bands) are brought to mean 0 and norm 1;
    /// the inner products of the columns, averaged.</summary>
    internal static double SpectralCorrelation(double[][] clean, double[][] degraded)
    {
        double[][] x = [.. clean.Select(Normalised)], y = [.. degraded.Select(Normalised)];
        double sum = 0;
        for (int n = 0; n < SegmentFrames; n++)
            sum += Dot(Normalised([.. x.Select(row => row[n])]), Normalised([.. y.Select(row => row[n])]));
        return sum / SegmentFrames;
    }

    private static double[] Normalised(double[] values)
    {
        double mean = values.Sum() / values.Length;
        double[] centred = [.. values.Select(v => v - mean)];
        double norm = Math.Sqrt(Dot(centred, centred)) + Tiny;
        for (int i = 0; i < centred.Length; i++) centred[i] /= norm;
        return centred;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
