namespace FlowVocoder.Compute;

/// <summary>What a convolution is given beside its input and what is added, see <see cref="Ops.Conv1d"/>.</summary>
/// <param name="Weight">[out, in, taps].</param>
/// <param name="Bias">[1, out, 1], or null.</param>
/// <param name="Shape">How it reads its input, and which rows are used.</param>
/// <param name="Site">The name of its place in the model.</param>
public readonly record struct ConvWeights(Tensor Weight, Tensor? Bias, ConvShape Shape = default, string? Site = null)
{
    /// <summary>Number of rows that are used.</summary>
    internal int Rows => Shape.Rows == 0 ? Weight.Batch - Shape.FirstRow : Shape.Rows;
}

/// <summary>The convolutions of a gated layer of a WaveNet with c channels, see <see cref="Ops.GatedLayer"/>.</summary>
/// <param name="Filter">From the input to 2c channels, the halves of the gate.</param>
/// <param name="Condition">From the condition to the same channels; null where there is none.</param>
/// <param name="Residual">From the c gated channels to those of the input, with one tap; null in the last layer.</param>
/// <param name="Skip">From the c gated channels to the sum that all layers add to, with one tap.</param>
public readonly record struct GatedLayer(ConvWeights Filter, ConvWeights? Condition, ConvWeights? Residual, ConvWeights Skip);
