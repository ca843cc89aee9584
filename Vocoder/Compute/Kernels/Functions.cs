using System.Runtime.CompilerServices;

namespace FlowVocoder.Compute.Kernels;

internal readonly struct AddF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Add(a, b);
}

internal readonly struct MulF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Mul(a, b);
}

/// <summary>a·b + c.</summary>
internal readonly struct MulAddF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Fma(a, b, c);
}

/// <summary>√(a² + b² + c).</summary>
internal readonly struct MagnitudeF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Sqrt(S.Fma(a, a, S.Fma(b, b, c)));
}

/// <summary>c + a / b.</summary>
internal readonly struct AddQuotientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Add(c, S.Div(a, b));
}

/// <summary>a / b.</summary>
internal readonly struct QuotientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Div(a, b);
}

internal readonly struct ExpF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.Exp(a);
}

internal readonly struct TanhF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.Tanh(a);
}

/// <summary>c + b·(1 - a²): gradient of tanh from its output a.</summary>
internal readonly struct TanhGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct =>
        S.Fma(b, S.Sub(S.All(1f), S.Mul(a, a)), c);
}

internal readonly struct LeakyReluF : IElementwise
{
    public const float Slope = 0.1f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Max(a, S.Mul(a, S.All(Slope)));
}

/// <summary>c + b·slope of the leaky ReLU at a.</summary>
internal readonly struct LeakyReluGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct =>
        S.Fma(b, S.WherePositive(a, S.All(1f), S.All(LeakyReluF.Slope)), c);
}

internal readonly struct ReluF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Max(a, S.All(0f));
}

/// <summary>c + b where a is above 0, else c.</summary>
internal readonly struct ReluGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct =>
        S.Fma(b, S.WherePositive(a, S.All(1f), S.All(0f)), c);
}

/// <summary>tanh(a)·sigmoid(b).</summary>
internal readonly struct GateF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.Gate(a, b);
}

/// <summary>c·d/da [tanh(a)·sigmoid(b)] with a the tanh input.</summary>
internal readonly struct GateTanhGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct
    {
        V t = MathVector<S, V>.Tanh(a);
        return S.Mul(c, S.Mul(MathVector<S, V>.Sigmoid(b), S.Sub(S.All(1f), S.Mul(t, t))));
    }
}

/// <summary>c·d/db [tanh(a)·sigmoid(b)].</summary>
internal readonly struct GateSigmoidGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct
    {
        V s = MathVector<S, V>.Sigmoid(b);
        return S.Mul(c, S.Mul(MathVector<S, V>.Tanh(a), S.Mul(s, S.Sub(S.All(1f), s))));
    }
}

/// <summary>a·sigmoid(b).</summary>
internal readonly struct SigmoidScaledF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Mul(a, MathVector<S, V>.Sigmoid(b));
}

/// <summary>c + a·sigmoid(b).</summary>
internal readonly struct AddSigmoidScaledF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Fma(a, MathVector<S, V>.Sigmoid(b), c);
}

/// <summary>c·d/db [a·sigmoid(b)].</summary>
internal readonly struct SigmoidScaledGradientF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct
    {
        V s = MathVector<S, V>.Sigmoid(b);
        return S.Mul(c, S.Mul(a, S.Mul(s, S.Sub(S.All(1f), s))));
    }
}

/// <summary>tanh(a + b).</summary>
internal readonly struct TanhOfSumF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.Tanh(S.Add(a, b));
}

/// <summary>1 - a².</summary>
internal readonly struct OneLessSquareF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Sub(S.All(1f), S.Mul(a, a));
}

/// <summary>1 - tanh²(a + b).</summary>
internal readonly struct TanhOfSumSlopeF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct =>
        OneLessSquareF.Apply<S, V>(MathVector<S, V>.Tanh(S.Add(a, b)), b, c);
}

/// <summary>a·e^b + c: the affine transform of a coupling, z = x·e^logScale + shift.</summary>
internal readonly struct AffineF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Fma(a, MathVector<S, V>.Exp(b), c);
}

/// <summary>(a - c)·e^-b: its inverse.</summary>
internal readonly struct AffineInverseF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct =>
        S.Mul(S.Sub(a, c), MathVector<S, V>.Exp(S.Sub(S.All(0f), b)));
}

/// <summary>c + a·e^b.</summary>
internal readonly struct AddScaledByExpF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Fma(a, MathVector<S, V>.Exp(b), c);
}

/// <summary>c - a·b.</summary>
internal readonly struct SubProductF : IElementwise
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => S.Fma(S.Sub(S.All(0f), a), b, c);
}
