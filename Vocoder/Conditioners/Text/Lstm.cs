using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>What an <see cref="Lstm"/> remembers between steps, [1, hidden, 1] each; of all of its layers.</summary>
internal sealed record LstmState(Tensor[] Hidden, Tensor[] Cell)
{
    private readonly Tensor?[] _hidden = new Tensor?[Hidden.Length], _cell = new Tensor?[Cell.Length];

    /// <summary>Copies it out of operations that are about to be reset.</summary>
    public void Keep(Ops ops)
    {
        for (int i = 0; i < Hidden.Length; i++)
            (Hidden[i], Cell[i]) = (Sequences.Kept(ops, Hidden[i], ref _hidden[i]), Sequences.Kept(ops, Cell[i], ref _cell[i]));
    }
}

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber 1997) as PyTorch computes it: gates in the order input, forget, cell, output, and two biases. Keys:
/// weight_ih_l0 [4h, in], weight_hh_l0 [4h, h], bias_ih_l0 and bias_hh_l0, with another number for each further layer and a suffix.
/// </summary>
internal sealed class Lstm
{
    private readonly Tensor[] _input, _recurrent, _inputBias, _recurrentBias;
    private readonly int _hidden;

    public Lstm(ParameterSet parameters, int inputs, int hidden, int layers = 1, string suffix = "")
    {
        _hidden = hidden;
        float bound = 1f / MathF.Sqrt(hidden);
        (_input, _recurrent, _inputBias, _recurrentBias) = (new Tensor[layers], new Tensor[layers], new Tensor[layers], new Tensor[layers]);
        for (int i = 0; i < layers; i++)
        {
            _input[i] = parameters.Uniform($"weight_ih_l{i}{suffix}", bound, 4 * hidden, i == 0 ? inputs : hidden);
            _recurrent[i] = parameters.Uniform($"weight_hh_l{i}{suffix}", bound, 4 * hidden, hidden);
            _inputBias[i] = parameters.Uniform($"bias_ih_l{i}{suffix}", bound, 4 * hidden);
            _recurrentBias[i] = parameters.Uniform($"bias_hh_l{i}{suffix}", bound, 4 * hidden);
        }
    }

    /// <summary>The state before the first step, zeros.</summary>
    public LstmState Start(Ops ops)
    {
        Tensor[] Zeros() => [.. _input.Select(_ => ops.Fill(1, _hidden, 1, 0f))];
        return new LstmState(Zeros(), Zeros());
    }

    /// <summary>x [1, in, t] → [1, hidden, t], from the state on, which is advanced.</summary>
    public Tensor Apply(Ops ops, Tensor x, LstmState state)
    {
        for (int layer = 0; layer < _input.Length; layer++)
        {
            // All steps of the input at once; only the recurrent part waits for the step before.
            Tensor projected = ops.Conv1d(x, _input[layer], _inputBias[layer]),
                states = ops.Lstm(projected, _recurrent[layer], _recurrentBias[layer], state.Hidden[layer], state.Cell[layer]);
            ops.Free(projected);
            Tensor last = ops.Crop(states, x.Length - 1, 1);
            (state.Hidden[layer], state.Cell[layer]) = (ops.Slice(last, 0, _hidden), ops.Slice(last, _hidden, _hidden));
            x = ops.Slice(states, 0, _hidden);
            ops.Free(states);
        }
        return x;
    }
}
