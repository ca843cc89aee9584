using System.Runtime.Intrinsics;

namespace FlowVocoder.Features;

/// <summary>
/// Linear prediction of speech: x_t ≈ Σ_k a_k·x_{t−k} (J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975).
/// </summary>
public static class LinearPrediction
{
    /// <summary>
    /// Solves the normal equations Σ_k a_k·r[|i−k|] = r[i], i = 1 … order, by the Levinson–Durbin recursion (Makhoul 1975).
    /// The predictor of a positive definite autocorrelation is stable: the zeros of 1 − Σ_k a_k·z^{−k} lie inside the unit circle.
    /// </summary>
    /// <param name="r">[order + 1] autocorrelation, r[0] ≥ 0 the power of the signal.</param>
    /// <param name="a">
    /// [order] receives a_1 … a_order. Where the recursion meets a prediction error of 0 (a signal that fewer taps predict
    /// exactly, or silence) the remaining taps are 0.
    /// </param>
    /// <returns>The power of the prediction error, r[0] − Σ_k a_k·r[k] ≥ 0, in the unit of <paramref name="r"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="r"/> is not one longer than <paramref name="a"/>.</exception>
    public static double LevinsonDurbin(ReadOnlySpan<double> r, Span<double> a)
    {
        if (r.Length != a.Length + 1)
            throw new ArgumentException($"an autocorrelation of {r.Length} lags, expected {a.Length + 1} for {a.Length} taps", nameof(r));
        var lags = new Vector256<double>[r.Length];
        var taps = new Vector256<double>[a.Length];
        for (int l = 0; l < r.Length; l++)
            lags[l] = Vector256.Create(r[l]);
        double error = LevinsonDurbin(lags, taps)[0];
        for (int k = 0; k < a.Length; k++)
            a[k] = taps[k][0];
        return error;
    }

    /// <summary>The same for four autocorrelations side by side, one in each lane: a recursion waits for itself most of the time.</summary>
    internal static Vector256<double> LevinsonDurbin(ReadOnlySpan<Vector256<double>> r, Span<Vector256<double>> a)
    {
        a.Clear();
        Vector256<double> error = r[0], goesOn = Vector256<double>.AllBitsSet;
        for (int i = 0; i < a.Length; i++)
        {
            // Two chains, because one waits for itself at every step.
            Vector256<double> even = r[i + 1], odd = default;
            int k = 0;
            for (; k + 1 < i; k += 2)
            {
                even -= a[k] * r[i - k];
                odd -= a[k + 1] * r[i - k - 1];
            }
            if (k < i)
                even -= a[k] * r[i - k];
            Vector256<double> reflection = (even + odd) / error;
            // A reflection of 1 or more is rounding only: a true autocorrelation never exceeds 1 here. Where a lane ends, it stays as it is.
            goesOn &= Vector256.GreaterThan(error, default) & Vector256.LessThan(Vector256.Abs(reflection), Vector256<double>.One);
            if (goesOn == default)
                break;
            reflection &= goesOn;
            for (int low = 0, high = i - 1; low <= high; low++, high--)
                (a[low], a[high]) = (a[low] - (reflection * a[high]), a[high] - (reflection * a[low]));
            a[i] = reflection;
            error *= Vector256<double>.One - (reflection * reflection);
        }
        return error;
    }
}
