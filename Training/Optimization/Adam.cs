using FlowVocoder.Compute;

namespace FlowVocoder.Training.Optimization;

/// <summary>Settings of <see cref="Adam"/>.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled weight decay (Loshchilov and Hutter 2019); 0 is Adam.</param>
/// <param name="ClipNorm">Largest norm of the gradient of all parameters together; 0 never clips.</param>
public sealed record AdamConfig(float Beta1 = 0.9f, float Beta2 = 0.99f, float Epsilon = 1e-8f, float WeightDecay = 0f, float ClipNorm = 0f);

/// <summary>Adam (Kingma and Ba 2015, algorithm 1) and AdamW, with clipping by global norm.</summary>
public sealed class Adam
{
    private readonly AdamConfig _config;
    private readonly Parameter[] _parameters;
    private readonly float[][] _first, _second;

    /// <summary>Creates an optimiser of the trained parameters of a set.</summary>
    public Adam(ParameterSet parameters, AdamConfig config)
    {
        _config = config;
        _parameters = [.. parameters.Items.Where(p => p.Trained)];
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
        double sum = 0;
        foreach (Parameter p in _parameters)
            if (p.Value.Grad is { } gradient) sum += SumOfSquares(gradient.Span);
        return Math.Sqrt(sum);
    }

    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        double sum = 0;
        for (; values.Length > 0; values = values[Math.Min(4096, values.Length)..])
            sum += System.Numerics.Tensors.TensorPrimitives.SumOfSquares(values[..Math.Min(4096, values.Length)]);
        return sum;
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ClearGradients()
    {
        foreach (Parameter p in _parameters) p.Value.Grad?.Span.Clear();
    }

    /// <summary>One update with the gradients in place; <paramref name="gradientNorm"/> is that of <see cref="GradientNorm"/>.</summary>
    public void Step(double learningRate, double gradientNorm)
    {
        Updates++;
        float clip = _config.ClipNorm > 0 && gradientNorm > _config.ClipNorm ? (float)(_config.ClipNorm / gradientNorm) : 1f;
        float rate = (float)(learningRate / (1 - Math.Pow(_config.Beta1, Updates)));
        float correction = (float)(1 / Math.Sqrt(1 - Math.Pow(_config.Beta2, Updates)));
        float decay = 1f - (float)(learningRate * _config.WeightDecay);
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (_parameters[i].Value.Grad is not { } gradient) continue;
            Update(_parameters[i].Value.Span, gradient.Span, _first[i], _second[i], rate, correction, decay, clip);
            _parameters[i].Value.MarkChanged();
        }
    }

    private void Update(Span<float> w, ReadOnlySpan<float> g, Span<float> m, Span<float> v, float rate, float correction, float decay, float clip)
    {
        float beta1 = _config.Beta1, beta2 = _config.Beta2, epsilon = _config.Epsilon;
        for (int i = 0; i < w.Length; i++)
        {
            float d = g[i] * clip;
            m[i] = beta1 * m[i] + (1 - beta1) * d;
            v[i] = beta2 * v[i] + (1 - beta2) * d * d;
            w[i] = decay * w[i] - rate * m[i] / (MathF.Sqrt(v[i]) * correction + epsilon);
        }
    }
}
