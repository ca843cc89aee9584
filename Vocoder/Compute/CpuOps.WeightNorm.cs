using System.Numerics.Tensors;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor WeightNorm(Tensor v, Tensor gain)
    {
        Require(gain.Size == v.Batch, $"gains of shape {gain.Shape} do not fit a weight of {v.Shape}");
        var w = RentLike(v);
        var norms = new double[v.Batch];
        _parallelism.ForRanges(v.Batch, v.Channels * v.Length, (v, gain, w, norms), static (from, to, in s) =>
        {
            for (int o = from; o < to; o++)
            {
                ReadOnlySpan<float> row = OutputRow(s.v, o);
                double sum = 0;
                foreach (float value in row) sum += (double)value * value;
                s.norms[o] = Math.Sqrt(sum);
                TensorPrimitives.Multiply(row, (float)(s.gain.Data[o] / s.norms[o]), OutputRow(s.w, o));
            }
        });
        Record(w, v, gain, null, norms, static (ops, w, v, gain, _, norms) =>
        {
            Tensor? dv = v.RequiresGrad ? ops.GradientOf(v) : null, dg = gain.RequiresGrad ? ops.GradientOf(gain) : null;
            ops._parallelism.ForRanges(v.Batch, v.Channels * v.Length, (w, v, gain, norms, dv, dg), static (from, to, in s) =>
            {
                for (int o = from; o < to; o++) WeightNormGradient(OutputRow(s.w.Grad!, o), OutputRow(s.v, o), s.gain.Data[o], s.norms[o], s.dv == null
                    ? default : OutputRow(s.dv, o), s.dg, o);
            });
        });
        return w;
    }

    // dg = dw·v/‖v‖; dv = g/‖v‖·(dw - v·(dw·v)/‖v‖²)
    private static void WeightNormGradient(ReadOnlySpan<float> dw, ReadOnlySpan<float> v, float gain, double norm, Span<float> dv, Tensor? dg, int output)
    {
        double dot = 0;
        for (int i = 0; i < v.Length; i++) dot += (double)dw[i] * v[i];
        if (dg != null) dg.Data[output] += (float)(dot / norm);
        float scale = (float)(gain / norm), along = (float)(dot / (norm * norm));
        for (int i = 0; i < dv.Length; i++) dv[i] += scale * (dw[i] - along * v[i]);
    }

    // All weights of an output.
    private static Span<float> OutputRow(Tensor weight, int output) => new(weight.RowPointer(output, 0), weight.Channels * weight.Length);
}
