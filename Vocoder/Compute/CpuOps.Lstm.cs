using System.Numerics.Tensors;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

// In one operation, because what is recorded for each step and its weight gradient by itself cost more than the steps.
public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Lstm(Tensor x, Tensor weight, Tensor bias, Tensor hidden, Tensor cell)
    {
        int channels = weight.Channels, steps = x.Length;
        Require(x.Batch == 1 && x.Channels == 4 * channels && weight.Batch == 4 * channels && weight.Length == 1 && bias.Size == 4 * channels,
            $"gates {x.Shape} do not go together with a recurrent weight {weight.Shape} and a bias {bias.Shape}");
        Require(hidden.Size == channels && cell.Size == channels, $"a state of {hidden.Shape} and {cell.Shape} does not go together with {channels} channels");
        // A row a step: gates before their functions; and hidden and cell, the first row those before the first step.
        Tensor gates = Rent(1, steps, 4 * channels), states = Rent(1, steps + 1, 2 * channels), y = Rent(1, 2 * channels, steps);
        Exchange(x, gates);
        hidden.Span.CopyTo(states.Row(0, 0));
        cell.Span.CopyTo(states.Row(0, 0)[channels..]);
        for (int t = 0; t < steps; t++)
        {
            _parallelism.ForRanges(4 * channels, channels, (weight, bias, gates, states, t), static (from, to, in s) =>
            {
                Span<float> row = s.gates.Row(0, s.t), before = s.states.Row(0, s.t)[..s.weight.Channels];
                for (int r = from; r < to; r++)
                    row[r] += s.bias.Data[r] + TensorPrimitives.Dot<float>(s.weight.Span.Slice(r * before.Length, before.Length), before);
            });
            float* gate = gates.RowPointer(0, t), before = states.RowPointer(0, t) + channels, after = states.RowPointer(0, t + 1), next = after + channels;
            Elementwise.Run<GateF>(gate + 2 * channels, gate, gate, next, channels);
            Elementwise.Run<AddSigmoidScaledF>(before, gate + channels, next, next, channels);
            Elementwise.Run<GateF>(next, gate + 3 * channels, next, after, channels);
        }
        Kernels.Transpose.Rows(states.RowPointer(0, 1), 2 * channels, steps, 2 * channels, y.Data, steps);
        Record(y, x, weight, bias, (hidden, cell, gates, states), static (ops, y, x, weight, bias, s) =>
            ops.LstmGradient(y, x, weight, bias, s.hidden, s.cell, s.gates, s.states));
        Free(gates);
        Free(states);
        return y;
    }

    private void LstmGradient(Tensor y, Tensor x, Tensor weight, Tensor bias, Tensor hidden, Tensor cell, Tensor gates, Tensor states)
    {
        int channels = weight.Channels, steps = x.Length;
        Tensor dy = Rent(1, steps, 2 * channels), dGates = Rent(1, steps, 4 * channels), dHidden = Rent(1, channels, 1), dCell = Rent(1, channels, 1),
            transposed = Rent(1, channels, 4 * channels);
        Exchange(y.Grad!, dy);
        Kernels.Transpose.Rows(weight.Data, channels, 4 * channels, channels, transposed.Data, 4 * channels);
        dHidden.Span.Clear();
        dCell.Span.Clear();
        for (int t = steps - 1; t >= 0; t--)
        {
            float* dh = dy.RowPointer(0, t), dc = dh + channels;
            Elementwise.Run<AddF>(dh, dHidden.Data, dh, dh, channels);
            Elementwise.Run<AddF>(dc, dCell.Data, dc, dc, channels);
            StepGradient(gates.RowPointer(0, t), states.RowPointer(0, t) + channels, states.RowPointer(0, t + 1) + channels, dh, dc, dGates.RowPointer(0, t),
                dCell.Data, channels);
            _parallelism.ForRanges(channels, 4 * channels, (transposed, dGates, dHidden, t), static (from, to, in s) =>
            {
                for (int c = from; c < to; c++) s.dHidden.Data[c] = TensorPrimitives.Dot<float>(s.transposed.Row(0, c), s.dGates.Row(0, s.t));
            });
        }
        AddLstmGradients(x, weight, bias, dGates, states);
        if (hidden.RequiresGrad) AddGradient(hidden, dHidden);
        if (cell.RequiresGrad) AddGradient(cell, dCell);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[dy, dGates, dHidden, dCell, transposed]) _workspace.Return(done);
    }

    // From the gradients of hidden and cell to those of the gates, and of the cell before.
    private static void StepGradient(float* gate, float* cellBefore, float* cell, float* dh, float* dc, float* dGate, float* dCellBefore, int channels)
    {
        float* input = gate, forget = gate + channels, candidate = forget + channels, output = candidate + channels;
        Elementwise.Run<GateSigmoidGradientF>(cell, output, dh, dGate + 3 * channels, channels);
        Elementwise.Run<GateTanhGradientF>(cell, output, dh, dh, channels);
        Elementwise.Run<AddF>(dc, dh, dc, dc, channels);
        Elementwise.Run<GateSigmoidGradientF>(candidate, input, dc, dGate, channels);
        Elementwise.Run<SigmoidScaledGradientF>(cellBefore, forget, dc, dGate + channels, channels);
        Elementwise.Run<GateTanhGradientF>(candidate, input, dc, dGate + 2 * channels, channels);
        Elementwise.Run<SigmoidScaledF>(dc, forget, dc, dCellBefore, channels);
    }

    private void AddLstmGradients(Tensor x, Tensor weight, Tensor bias, Tensor dGates, Tensor states)
    {
        int channels = weight.Channels, steps = x.Length;
        Tensor dx = Rent(1, 4 * channels, steps);
        Exchange(dGates, dx);
        if (bias.RequiresGrad)
        {
            Tensor dBias = GradientOf(bias);
            for (int r = 0; r < 4 * channels; r++) dBias.Data[r] += TensorPrimitives.Sum<float>(dx.Row(0, r));
        }
        if (weight.RequiresGrad)
        {
            Tensor before = Rent(1, channels, steps);
            Kernels.Transpose.Rows(states.Data, 2 * channels, steps, channels, before.Data, steps);
            AddWeightGradient(before, weight, new ConvShape(Rows: 4 * channels), dx);
            _workspace.Return(before);
        }
        if (x.RequiresGrad) AddGradient(x, dx);
        _workspace.Return(dx);
    }
}
