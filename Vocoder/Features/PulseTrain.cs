namespace FlowVocoder.Features;

/// <summary>
/// A band-limited pulse train, the sum of the harmonics of a fundamental: Σ_{k=1}^{n} cos kφ = sin((n + ½)φ) / (2 sin ½φ) - ½ (the Dirichlet kernel).
/// </summary>
internal static class PulseTrain
{
    private const double Smallest = 1e-7;

    /// <summary>Writes amplitude·Σ cos kφ for each φ.</summary>
    /// <param name="phase">φ in radians, [0, 2π).</param>
    /// <param name="harmonics">How many; where it is no whole number, the next one has what is left as its part, so that none appears at once.</param>
    /// <param name="amplitude">Factor.</param>
    /// <param name="pulses">Receives as many samples.</param>
    public static void Write(ReadOnlySpan<float> phase, float harmonics, float amplitude, Span<float> pulses)
    {
        double whole = Math.Floor(harmonics), part = harmonics - whole;
        for (int t = 0; t < phase.Length; t++)
        {
            var (halfSin, halfCos) = Math.SinCos(0.5 * phase[t]);
            var (sin, cos) = Math.SinCos((whole + 0.5) * phase[t]);
            double sum = Math.Abs(halfSin) < Smallest ? whole : sin / (2 * halfSin) - 0.5, next = cos * halfCos - sin * halfSin;
            pulses[t] = amplitude * (float)(sum + part * next);
        }
    }
}
