using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using FlowVocoder.Compute;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Benchmarks;

/// <summary>The most multiply-adds that one thread can do: a loop that touches registers alone, at the width the kernels use.</summary>
internal static unsafe class FmaPeak
{
    private const int Rounds = 200_000, Chains = 12;

    /// <summary>Peak of some threads together in GFLOP/s; a multiply-add counts as two.</summary>
    public static double Measure(int threads = 1)
    {
        var (width, work) = SimdWidth.Bits switch
        {
            512 => (16, (Action)(() => Loop<Simd512, Vector512<float>>())),
            256 => (8, () => Loop<Simd256, Vector256<float>>()),
            _ => (4, () => Loop<Simd128, Vector128<float>>()),
        };
        var parallelism = new Parallelism(threads);
        return 2.0 * threads * Rounds * Chains * width / Clock.Shortest(() => parallelism.For(threads, work, static (_, in work) => work())) / 1e9;
    }

    // Twelve chains hide the latency of the multiply-adds; the factor below 1 keeps them finite.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Loop<S, V>() where S : struct, ISimd<V> where V : struct
    {
        V f = S.All(0.999f), g = S.All(0.001f);
        V a0 = g, a1 = g, a2 = g, a3 = g, a4 = g, a5 = g, a6 = g, a7 = g, a8 = g, a9 = g, a10 = g, a11 = g;
        for (int i = 0; i < Rounds; i++)
        {
            a0 = S.Fma(a0, f, g); a1 = S.Fma(a1, f, g); a2 = S.Fma(a2, f, g); a3 = S.Fma(a3, f, g);
            a4 = S.Fma(a4, f, g); a5 = S.Fma(a5, f, g); a6 = S.Fma(a6, f, g); a7 = S.Fma(a7, f, g);
            a8 = S.Fma(a8, f, g); a9 = S.Fma(a9, f, g); a10 = S.Fma(a10, f, g); a11 = S.Fma(a11, f, g);
        }
        V sum = S.Add(S.Add(S.Add(S.Add(a0, a1), S.Add(a2, a3)), S.Add(S.Add(a4, a5), S.Add(a6, a7))), S.Add(S.Add(a8, a9), S.Add(a10, a11)));
        float* result = stackalloc float[16];
        S.Store(result, sum);
        return *result;
    }
}
