using FlowVocoder.Compute;

namespace FlowVocoder.Training.Optimization;

/// <summary>Settings of <see cref="Adam"/>.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment. The default value is that of HiFi-GAN (Kong et al. 2020, sec. 3); Kingma and Ba suggest 0.999.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">
/// Decoupled weight decay (Loshchilov and Hutter 2019) of matrices and kernels; 0 is Adam. Gains, biases and log-scales, of one value a channel, do not decay:
/// pulled to 0 they would change what a layer does and not how large its weights are.
/// </param>
/// <param name="ClipNorm">Largest norm of the gradient of all parameters together; 0 never clips.</param>
public sealed record AdamConfig(float Beta1 = 0.9f, float Beta2 = 0.99f, float Epsilon = 1e-8f, float WeightDecay = 0f, float ClipNorm = 0f);

/// <summary>Adam (Kingma and Ba 2015, algorithm 1) and AdamW, with clipping by global norm.</summary>
public sealed class Adam
{
    private readonly AdamConfig _config;
    private readonly Parallelism _parallelism;
    private readonly Parameter[] _parameters;
    private readonly float[][] _first, _second;
    private readonly double[] _squares;
    private readonly bool[] _decays;

    /// <summary>Creates an optimiser of the trained parameters of a set; the threads change no bit.</summary>
    public Adam(ParameterSet parameters, AdamConfig config, Parallelism? parallelism = null)
    {
        (_config, _parallelism) = (config, parallelism ?? new Parallelism(1));
        _parameters = [.. parameters.Items.Where(p => p.Trained)];
        _squares = new double[_parameters.Length];
        _decays = [.. _parameters.Select(p => p.Shape.Count(axis => axis > 1) > 1)];
        _first = [.. _parameters.Select(p => new float[p.Value.Size])];
        _second = [.. _parameters.Select(p => new float[p.Value.Size])];
    }

    /// <summary>Number of updates so far.</summary>
    public long Updates { get; set; }

    /// <summary>The moments by name, to be saved and restored.</summary>
    public IEnumerable<(string Name, float[] Values)> State
    {
        get
        {
            for (int i = 0; i < _parameters.Length; i++)
            {
                yield return ("adam.first." + _parameters[i].Name, _first[i]);
                yield return ("adam.second." + _parameters[i].Name, _second[i]);
            }
        }
    }

    /// <summary>Euclidean norm of the gradient of all parameters.</summary>
    public double GradientNorm()
    {
        ForParameters(this, static (i, in adam) => adam._squares[i] = adam._parameters[i].Value.Grad is { } gradient ? SumOfSquares(gradient.Span) : 0);
        return Math.Sqrt(_squares.Sum());
    }

    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        double sum = 0;
        for (; values.Length > 0; values = values[Math.Min(4096, values.Length)..])
            sum += System.Numerics.Tensors.TensorPrimitives.SumOfSquares(values[..Math.Min(4096, values.Length)]);
        return sum;
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ClearGradients() => ForParameters(_parameters, static (i, in parameters) => parameters[i].Value.Grad?.Span.Clear());

    /// <summary>One update with the gradients in place; <paramref name="gradientNorm"/> is that of <see cref="GradientNorm"/>.</summary>
    public void Step(double learningRate, double gradientNorm)
    {
        Updates++;
        var step = new AdamStep(
            _config.Beta1, _config.Beta2, _config.Epsilon,
            Rate: (float)(learningRate / (1 - Math.Pow(_config.Beta1, Updates))),
            Correction: (float)(1 / Math.Sqrt(1 - Math.Pow(_config.Beta2, Updates))),
            Decay: 1f - (float)(learningRate * _config.WeightDecay),
            Clip: _config.ClipNorm > 0 && gradientNorm > _config.ClipNorm ? (float)(_config.ClipNorm / gradientNorm) : 1f);
        ForParameters((this, step), static (i, in s) =>
        {
            var (adam, step) = s;
            Tensor w = adam._parameters[i].Value;
            if (w.Grad is not { } gradient) return;
            (adam._decays[i] ? step : step with { Decay = 1 }).Update(w.Span, gradient.Span, adam._first[i], adam._second[i]);
            w.MarkChanged();
        });
    }

    private void ForParameters<T>(in T state, LoopStep<T> step) =>
        ParameterLoop.Run(_parallelism, _parameters.Length, _first.Sum(m => (long)m.Length), state, step);
}
