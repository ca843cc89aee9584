namespace FlowVocoder.Compute;

/// <summary>Records what was computed, to run it backwards: reverse-mode differentiation.</summary>
public sealed class Tape
{
    private readonly List<Action> _steps = [];

    /// <summary>What was made of parameters alone in this pass.</summary>
    internal Dictionary<DerivedTensor, Tensor> Derived { get; } = [];

    internal void Record(Action backward) => _steps.Add(backward);

    /// <summary>
    /// Computes the gradient of the scalar <paramref name="loss"/> for every parameter it depends on, adding to their <see cref="Tensor.Grad"/>.
    /// </summary>
    public void Backward(Tensor loss)
    {
        if (loss.Size != 1) throw new ArgumentException($"the loss must be a scalar, not {loss.Shape}", nameof(loss));
        loss.Grad = Tensor.From([1f], 1, 1, 1);
        RunBackward();
    }

    /// <summary>The same from gradients that results have already.</summary>
    internal void RunBackward()
    {
        for (int i = _steps.Count - 1; i >= 0; i--) _steps[i]();
        Clear();
    }

    internal void Clear()
    {
        _steps.Clear();
        Derived.Clear();
    }
}
