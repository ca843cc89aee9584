using FlowVocoder.Compute;

namespace FlowVocoder.Benchmarks;

/// <summary>A convolution as a network calls it.</summary>
/// <param name="Batch">Batch items.</param>
/// <param name="Inputs">Channels of the input.</param>
/// <param name="Length">Time steps.</param>
/// <param name="Taps">Taps.</param>
/// <param name="Shape">Dilation, padding and the rows that are used.</param>
/// <param name="Outputs">Rows of the whole weight.</param>
/// <param name="Bias">Whether there is one.</param>
/// <param name="Add">Whether something is added.</param>
/// <param name="InputGradient">Whether the gradient of the input is wanted.</param>
internal sealed record ConvolutionCall(int Batch, int Inputs, int Length, int Taps, ConvShape Shape, int Outputs, bool Bias, bool Add, bool InputGradient)
{
    private int Rows => Shape.Rows == 0 ? Outputs - Shape.FirstRow : Shape.Rows;

    /// <summary>Floating-point operations forward; a multiply-add counts as two.</summary>
    public double ForwardFlop => 2.0 * Batch * Inputs * Length * Taps * Rows;

    /// <summary>Those of a training step: forward, the gradient of the weight and, where it is wanted, that of the input.</summary>
    public double TrainingFlop => ForwardFlop * (InputGradient ? 3 : 2);
}

/// <summary>Runs one convolution alone, with random values, through the operations that models use.</summary>
internal sealed class ConvolutionRun
{
    private readonly ConvolutionCall _call;
    private readonly Tape _tape = new();
    private readonly CpuOps _plain, _recording;
    private readonly Tensor _x, _weight, _dy, _scalar = new(1, 1, 1);
    private readonly Tensor? _bias, _add;

    public ConvolutionRun(ConvolutionCall call, Parallelism parallelism)
    {
        _call = call;
        (_plain, _recording) = (new CpuOps(parallelism), new CpuOps(parallelism, _tape));
        int rows = call.Shape.Rows == 0 ? call.Outputs - call.Shape.FirstRow : call.Shape.Rows;
        _x = Random(call.Batch, call.Inputs, call.Length, 1);
        if (call.InputGradient) _x.AsParameter();
        _weight = Random(call.Outputs, call.Inputs, call.Taps, 2).AsParameter();
        _bias = call.Bias ? Random(1, call.Outputs, 1, 3).AsParameter() : null;
        _add = call.Add ? Random(call.Batch, rows, call.Length, 4) : null;
        _dy = Random(call.Batch, rows, call.Length, 5);
    }

    /// <summary>y from x, with the weights already packed.</summary>
    public void Forward()
    {
        _plain.Conv1d(_x, _weight, _bias, _call.Shape, _add);
        _plain.Reset();
    }

    /// <summary>y from x and all gradients from dy, with weights that have changed since the last step.</summary>
    public void ForwardAndBackward()
    {
        _weight.MarkChanged();
        Tensor y = _recording.Conv1d(_x, _weight, _bias, _call.Shape, _add);
        y.Grad = _dy;
        _tape.Backward(_scalar);
        _recording.Reset();
    }

    private static Tensor Random(int batch, int channels, int length, uint stream)
    {
        var tensor = new Tensor(batch, channels, length);
        new Philox(1).Normal(tensor.Span, stream, 0, 0);
        return tensor;
    }
}
