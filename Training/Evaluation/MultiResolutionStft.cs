using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>
/// The multi-resolution STFT auxiliary loss of R. Yamamoto et al., "Parallel WaveGAN", arXiv 1910.11480, as a measure:
/// spectral convergence ‖|S| − |Ŝ|‖_F / ‖|S|‖_F plus the mean |ln|S| − ln|Ŝ||, averaged over three resolutions:
/// FFT 1024, 2048, 512; window (Hann) 600, 1200, 240; hop 120, 240, 50 samples. Frames are centred, the ends mirrored.
/// Smaller is better, identical is 0.
/// </summary>
/// <remarks>
/// The figure depends on the floor of the magnitudes wherever a signal has none: a recording's noise against an empty band counts up to
/// ln(magnitude / floor). The source clamps at √1e-7 = 3e-4, which moves a full-band vocoder by some 0.02 but more than halves the figure of one
/// that is silent above the mel's highest frequency (Griffin-Lim); <see cref="Floor"/> is lower, so that an empty band is seen.
/// Compare only figures of one floor and one sample rate.
/// </remarks>
public static class MultiResolutionStft
{
    /// <summary>Magnitudes below this count as this, in both terms.</summary>
    public const double Floor = 1e-7;

    /// <summary>Samples of the longest transform.</summary>
    internal const int LongestWindow = 2048;

    private static readonly Stft[] Resolutions = [new(1024, 600, 120), new(LongestWindow, 1200, 240), new(512, 240, 50)];

    /// <summary>The distance of a generated signal from its reference; the longer one is cut to the shorter.</summary>
    /// <param name="reference">Samples, -1 to 1.</param>
    /// <param name="generated">Samples at the same rate.</param>
    /// <exception cref="VocoderException">No samples.</exception>
    public static double Distance(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        int length = Math.Min(reference.Length, generated.Length);
        if (length == 0)
            throw new VocoderException($"found {reference.Length} reference and {generated.Length} generated samples, expected at least one of each");
        double sum = 0;
        foreach (Stft stft in Resolutions) sum += Distance(stft, reference[..length], generated[..length]);
        return sum / Resolutions.Length;
    }

    /// <summary>Spectral convergence plus log-magnitude distance at one resolution; both signals have the same length.</summary>
    internal static double Distance(Stft stft, ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        double[] a = Padded(reference, stft.FftSize), b = Padded(generated, stft.FftSize);
        double[] re = new double[stft.Bins], im = new double[stft.Bins], magnitude = new double[stft.Bins];
        int frames = stft.FrameCount(a.Length);
        double difference = 0, energy = 0, logs = 0;
        for (int f = 0; f < frames; f++)
        {
            stft.Frame(a.AsSpan(f * stft.Hop, stft.FftSize), re, im);
            for (int k = 0; k < magnitude.Length; k++) magnitude[k] = Magnitude(re[k], im[k]);
            stft.Frame(b.AsSpan(f * stft.Hop, stft.FftSize), re, im);
            for (int k = 0; k < magnitude.Length; k++)
            {
                double x = magnitude[k], y = Magnitude(re[k], im[k]);
                difference += (x - y) * (x - y);
                energy += x * x;
                logs += Math.Abs(Math.Log(x / y));
            }
        }
        return Math.Sqrt(difference / energy) + logs / ((double)frames * stft.Bins);
    }

    private static double Magnitude(double re, double im) => Math.Max(Floor, Math.Sqrt(re * re + im * im));

    private static double[] Padded(ReadOnlySpan<float> signal, int fftSize)
    {
        var padded = new double[signal.Length + fftSize];
        Padding.Reflect(signal, -fftSize / 2, padded);
        return padded;
    }
}
