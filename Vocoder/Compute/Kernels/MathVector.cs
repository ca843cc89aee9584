using System.Runtime.CompilerServices;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// Transcendental functions on vectors; the same bits in every lane and at every width. NaN gives NaN: clamps name their bound first,
/// because the native minimum and maximum of x86 return their second operand when either is NaN.
/// </summary>
internal static unsafe class MathVector<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>e^x for x clamped to [-87, 88]; relative error below 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        return ExpInside(TSimd.Min(TSimd.All(88f), TSimd.Max(TSimd.All(-87f), x)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpInside(TVector x)
    {
        TVector n = TSimd.Round(TSimd.Mul(x, TSimd.All(Log2E)));
        TVector p = ReducedExpMinusOne(x, n);
        TVector scale = TSimd.PowerOfTwo(n);
        return TSimd.Fma(p, scale, scale);
    }

    /// <summary>e^x - 1 without cancellation near 0, x clamped to [-80, 80].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpMinusOne(TVector x)
    {
        return ExpMinusOneInside(TSimd.Min(TSimd.All(80f), TSimd.Max(TSimd.All(-80f), x)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpMinusOneInside(TVector x)
    {
        TVector n = TSimd.Round(TSimd.Mul(x, TSimd.All(Log2E)));
        TVector p = ReducedExpMinusOne(x, n);
        TVector scale = TSimd.PowerOfTwo(n);
        return TSimd.Fma(p, scale, TSimd.Sub(scale, TSimd.All(1f)));
    }

    /// <summary>tanh x = t / (t + 2) with t = e^2x - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh(TVector x)
    {
        TVector t = ExpMinusOne(TSimd.Add(x, x));
        return TSimd.Div(t, TSimd.Add(t, TSimd.All(2f)));
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid(TVector x)
    {
        TVector one = TSimd.All(1f);
        return TSimd.Div(one, TSimd.Add(one, Exp(TSimd.Sub(TSimd.All(0f), x))));
    }

    /// <summary>tanh(a)·sigmoid(b) with a single division.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gate(TVector a, TVector b)
    {
        // tanh is 1 in float32 beyond 10, and e^-b nothing beside 1 beyond 87; the clamps keep the product of the denominators finite.
        a = TSimd.Min(TSimd.All(10f), TSimd.Max(TSimd.All(-10f), a));
        b = TSimd.Min(TSimd.All(87f), TSimd.Max(TSimd.All(-60f), b));
        TVector t = ExpMinusOneInside(TSimd.Add(a, a));
        TVector u = ExpInside(TSimd.Sub(TSimd.All(0f), b));
        TVector denominator = TSimd.Mul(TSimd.Add(t, TSimd.All(2f)), TSimd.Add(TSimd.All(1f), u));
        return TSimd.Div(t, denominator);
    }

    // e^r - 1 for r = x - n ln 2, |r| <= 0.35: Taylor to degree 7, whose next term is below 6e-9.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ReducedExpMinusOne(TVector x, TVector n)
    {
        TVector r = TSimd.Fma(n, TSimd.All(-Ln2High), x);
        r = TSimd.Fma(n, TSimd.All(-Ln2Low), r);
        TVector p = TSimd.All(1f / 5040f);
        p = TSimd.Fma(p, r, TSimd.All(1f / 720f));
        p = TSimd.Fma(p, r, TSimd.All(1f / 120f));
        p = TSimd.Fma(p, r, TSimd.All(1f / 24f));
        p = TSimd.Fma(p, r, TSimd.All(1f / 6f));
        p = TSimd.Fma(p, r, TSimd.All(0.5f));
        p = TSimd.Fma(p, r, TSimd.All(1f));
        return TSimd.Mul(p, r);
    }
}
