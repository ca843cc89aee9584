using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute.Kernels;

/// <summary>A function applied to each element of up to three inputs. Unused inputs alias the first.</summary>
internal interface IElementwise
{
    static abstract TVector Apply<TSimd, TVector>(TVector a, TVector b, TVector c)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct;
}

/// <summary>Applies an <see cref="IElementwise"/> function to arrays.</summary>
internal static unsafe class Elementwise
{
    /// <summary>y[i] = f(a[i], b[i], c[i]); y may be any of the inputs.</summary>
    public static void Run<TFunction>(float* a, float* b, float* c, float* y, int count) where TFunction : struct, IElementwise
    {
        switch (SimdWidth.Bits)
        {
            case 512: Loop<TFunction, Simd512, Vector512<float>>(a, b, c, y, count); break;
            case 256: Loop<TFunction, Simd256, Vector256<float>>(a, b, c, y, count); break;
            default: Loop<TFunction, Simd128, Vector128<float>>(a, b, c, y, count); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Loop<TFunction, TSimd, TVector>(float* a, float* b, float* c, float* y, int count)
        where TFunction : struct, IElementwise
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        int i = 0;
        for (; i + TSimd.Width <= count; i += TSimd.Width)
            TSimd.Store(y + i, TFunction.Apply<TSimd, TVector>(TSimd.Load(a + i), TSimd.Load(b + i), TSimd.Load(c + i)));
        if (i == count) return;
        // The tail goes through a full vector too, so that an element's bits do not depend on where a chunk ends.
        float* part = stackalloc float[3 * 16];
        new Span<float>(part, 3 * 16).Clear();
        int bytes = (count - i) * sizeof(float);
        Unsafe.CopyBlockUnaligned(part, a + i, (uint)bytes);
        Unsafe.CopyBlockUnaligned(part + 16, b + i, (uint)bytes);
        Unsafe.CopyBlockUnaligned(part + 32, c + i, (uint)bytes);
        TSimd.Store(part, TFunction.Apply<TSimd, TVector>(TSimd.Load(part), TSimd.Load(part + 16), TSimd.Load(part + 32)));
        Unsafe.CopyBlockUnaligned(y + i, part, (uint)bytes);
    }
}
