using FlowVocoder.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Flows;

/// <summary>
/// Invertible 1×1 convolution (Glow, sec. 3.2): z = W·x at each time step, log det = batch · time · log |det W|. It starts as a random rotation.
/// W is trained directly, as in WaveGlow, or through its LU decomposition, which keeps it invertible and its determinant a sum.
/// </summary>
public sealed class InvertibleConvolution : Flow
{
    private readonly Tensor _weight;
    private readonly Tensor? _logDiagonal, _sign, _permutation;
    private readonly int _channels;
    private readonly DerivedTensor? _composed;
    private readonly DerivedTensor _inverse;

    /// <summary>Creates a rotation of <paramref name="channels"/>; its weights are named weight, or triangles, log_diagonal, sign and permutation.</summary>
    public InvertibleConvolution(ParameterSet parameters, int channels, bool lu)
    {
        _channels = channels;
        float[] normal = parameters.NormalValues(channels * channels);
        Matrix<double> rotation = Matrix<double>.Build.Dense(channels, channels, (i, j) => normal[i * channels + j]).QR().Q;
        if (rotation.Determinant() < 0) rotation.SetColumn(0, -rotation.Column(0));
        if (!lu)
        {
            _weight = parameters.Values("weight", RowMajor(rotation), channels, channels, 1);
            _inverse = new DerivedTensor(ops => ops.Invert(_weight), _weight);
            return;
        }
        var factors = rotation.LU();
        Matrix<double> triangles = factors.L + factors.U;
        triangles.SetDiagonal(new double[channels]);
        Vector<double> diagonal = factors.U.Diagonal();
        _permutation = parameters.Fixed("permutation", [.. Enumerable.Range(0, channels).Select(i => (float)factors.P[i])], channels);
        _sign = parameters.Fixed("sign", [.. diagonal.Select(u => u < 0 ? -1f : 1f)], channels);
        _weight = parameters.Values("triangles", RowMajor(triangles), channels, channels, 1);
        _logDiagonal = parameters.Values("log_diagonal", [.. diagonal.Select(u => (float)Math.Log(Math.Abs(u)))], channels);
        _composed = new DerivedTensor(ops => ops.ComposeLu(_weight, _logDiagonal, _sign, _permutation), _weight, _logDiagonal);
        _inverse = new DerivedTensor(ops => ops.Invert(Weight(ops)), _weight, _logDiagonal);
    }

    /// <inheritdoc/>
    public override long MacsPerStep => (long)_channels * _channels;

    /// <summary>
    /// What is wrong with the constants of the decomposition, which no training changes; null where nothing is. Those of a broken file may not be what they
    /// stand for.
    /// </summary>
    internal string? ConstantFault()
    {
        if (_permutation == null) return null;
        var seen = new bool[_channels];
        foreach (float row in _permutation.Span)
        {
            if (!(row >= 0 && row < _channels && row == MathF.Floor(row)) || seen[(int)row])
                return FormattableString.Invariant($"permutation has {row}, expected each whole number from 0 to {_channels - 1} once");
            seen[(int)row] = true;
        }
        foreach (float sign in _sign!.Span)
            if (sign is not (1 or -1)) return FormattableString.Invariant($"sign has {sign}, expected 1 or -1");
        return null;
    }

    /// <summary>Whether W has an inverse in finite numbers. Not a weight that was trained, but one of a broken file may lack it.</summary>
    internal bool HasInverse(Ops ops)
    {
        foreach (float value in ops.Read(_inverse.Of(ops)))
            if (!float.IsFinite(value)) return false;
        return true;
    }

    /// <summary>‖W‖·‖W⁻¹‖/channels by Frobenius norms: 1 for a rotation; what comes back of W has lost so many times the rounding of a number.</summary>
    internal double Condition(Ops ops)
    {
        double Norm(Tensor matrix) => Math.Sqrt(ops.Read(matrix).ToArray().Sum(v => (double)v * v));
        return Norm(Weight(ops)) * Norm(_inverse.Of(ops)) / _channels;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor weight = Weight(ops);
        logDet = LogDet(ops, weight, x, 1);
        return ops.Conv1d(x, weight, null);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => ops.Conv1d(z, _inverse.Of(ops), null);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        logDet = LogDet(ops, Weight(ops), z, -1);
        return Inverse(ops, z, condition);
    }

    private Tensor LogDet(Ops ops, Tensor weight, Tensor x, int sign) =>
        ops.OverSteps(_logDiagonal == null ? ops.LogAbsDet(weight) : ops.Sum(_logDiagonal), x, sign);

    private Tensor Weight(Ops ops) => _composed?.Of(ops) ?? _weight;

    private static float[] RowMajor(Matrix<double> matrix) => [.. matrix.ToRowMajorArray().Select(v => (float)v)];
}
