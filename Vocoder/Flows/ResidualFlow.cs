using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Residual flow: z = x + g(x) at each step (Behrmann et al. 2019, i-ResNet; Chen et al. 2019). g is a net of 1×1 convolutions whose spectral norms
/// are kept so small that it contracts, which makes z invertible: x = z - g(x) is a fixed point, found by iteration (Banach). With the Jacobian J
/// of g, log det = log det(I + J) = Σ_k (-1)^(k+1)/k · tr(J^k), where each trace is estimated by vᵀJ^k v with a vector v of random signs
/// (Hutchinson 1990). The products J·v are written forwards, layer by layer, so that the tape differentiates them like everything else.
/// </summary>
public sealed class ResidualFlow : Flow, IApproximateLogDet
{
    // Largest slope of u·sigmoid(βu), whatever β (Chen et al. 2019, sec. 3.3).
    private const float SwishSlope = 1.1f;

    private readonly ResidualConfig _config;
    private readonly Tensor[] _weights, _biases, _logHalfBetas;
    private readonly Tensor? _conditionWeight;
    private readonly Tensor _zeros, _logScale, _shift;
    private readonly Philox _random;
    private readonly DerivedTensor[] _contracting;
    private int _draws;

    /// <summary>Creates a residual block whose last layer is zero, so that it starts as the identity.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public ResidualFlow(ParameterSet parameters, ResidualConfig config)
    {
        config.Check();
        _config = config;
        _random = new Philox(config.Seed);
        int last = config.HiddenLayers;
        (_weights, _biases, _logHalfBetas) = (new Tensor[last + 1], new Tensor[last + 1], new Tensor[last]);
        for (int i = 0; i <= last; i++)
        {
            int inputs = i == 0 ? config.Channels : config.Hidden, outputs = i == last ? config.Channels : config.Hidden;
            float bound = i == last ? 0f : 1f / MathF.Sqrt(inputs);
            _weights[i] = parameters.Uniform($"layers.{i}.weight", bound, outputs, inputs, 1);
            _biases[i] = parameters.Uniform($"layers.{i}.bias", bound, outputs);
            // log(β/2), whatever its name says, so that β begins at 2: files that were written have it so.
            if (i < last) _logHalfBetas[i] = parameters.Constant($"layers.{i}.log_beta", 0f, outputs);
        }
        if (config.ConditionChannels > 0)
            _conditionWeight = parameters.Uniform("cond_layer.weight", 1f / MathF.Sqrt(config.ConditionChannels), config.Hidden, config.ConditionChannels, 1);
        // With each of L norms at most c^(1/L), and slopes at most 1, g contracts by c.
        float norm = MathF.Pow(config.Contraction, 1f / _weights.Length);
        _contracting = [.. _weights.Select(weight => new DerivedTensor(ops => ops.SpectralNorm(weight, norm), weight))];
        _zeros = Filled(0f);
        _logScale = Filled(-MathF.Log(2 * SwishSlope));
        _shift = Filled(1 / (2 * SwishSlope));
    }

    /// <summary>Whether <see cref="Forward"/> computes log det exactly, by d products and one determinant at each step, instead of estimating it.</summary>
    public bool Exact { get; set; }

    /// <summary>Number of estimates so far: each draws new random signs.</summary>
    internal int Draws { get => _draws; set => _draws = value; }

    /// <inheritdoc/>
    public override long MacsPerStep => (long)_config.Iterations * _weights.Sum(w => w.Size) + (_conditionWeight?.Size ?? 0);

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor[] weights = Weights(ops);
        var slopes = new Tensor[_logHalfBetas.Length];
        Tensor z = Residual(ops, weights, x, Conditioned(ops, condition), slopes, add: x);
        logDet = Exact ? ExactLogDet(ops, weights, slopes, x) : EstimatedLogDet(ops, weights, slopes, x);
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        Tensor[] weights = Weights(ops);
        Tensor? conditioned = Conditioned(ops, condition);
        Tensor x = z;
        // As many iterations for every step and chunk: a criterion would let one step of time change the bits of another.
        for (int i = 0; i < _config.Iterations; i++)
        {
            Tensor residual = Residual(ops, weights, x, conditioned, null, null), negative = ops.Scale(residual, -1f);
            if (x != z) ops.Free(x);
            x = ops.Add(z, negative);
            ops.Free(residual);
            ops.Free(negative);
        }
        return x;
    }

    private Tensor? Conditioned(Ops ops, Tensor condition) => _conditionWeight == null ? null : ops.Conv1d(condition, _conditionWeight, null);

    // g(x) + add; and the slopes of the activations, where asked for.
    private Tensor Residual(Ops ops, Tensor[] weights, Tensor x, Tensor? conditioned, Tensor[]? slopes, Tensor? add)
    {
        Tensor hidden = x;
        for (int i = 0; i < _logHalfBetas.Length; i++)
        {
            Tensor input = ops.Conv1d(hidden, weights[i], _biases[i], add: i == 0 ? conditioned : null);
            if (hidden != x) ops.Free(hidden);
            hidden = Activate(ops, i, input, slopes);
            ops.Free(input);
        }
        Tensor result = ops.Conv1d(hidden, weights[^1], _biases[^1], add: add);
        ops.Free(hidden);
        return result;
    }

    // LipSwish (Chen et al. 2019, sec. 3.3): a·sigmoid(βa)/1.1 = a·(1 + t)/2.2 with h = a·β/2 and t = tanh h. Its slope never exceeds 1.
    private Tensor Activate(Ops ops, int layer, Tensor a, Tensor[]? slopes)
    {
        Tensor h = ops.ChannelAffine(a, _logHalfBetas[layer], _zeros), t = ops.Tanh(h), product = ops.Multiply(a, t), sum = ops.Add(a, product);
        if (slopes != null) slopes[layer] = Slope(ops, h, t);
        Tensor result = ops.Scale(sum, 1 / (2 * SwishSlope));
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[h, t, product, sum]) ops.Free(done);
        return result;
    }

    // The derivative by a: (1 + t + h·(1 - t²))/2.2.
    private Tensor Slope(Ops ops, Tensor h, Tensor t)
    {
        Tensor bent = ops.Scale(ops.Multiply(h, ops.Multiply(t, t)), -1f);
        return ops.ChannelAffine(ops.Add(ops.Add(t, h), bent), _logScale, _shift);
    }

    // J·v, the Jacobian of g at the point where the slopes were taken.
    private static Tensor Product(Ops ops, Tensor[] weights, Tensor[] slopes, Tensor v)
    {
        for (int i = 0; i < slopes.Length; i++) v = ops.Multiply(ops.Conv1d(v, weights[i], null), slopes[i]);
        return ops.Conv1d(v, weights[^1], null);
    }

    // Row j of the transposed matrix is (I + J)·e_j.
    private static Tensor ExactLogDet(Ops ops, Tensor[] weights, Tensor[] slopes, Tensor x)
    {
        Tensor? matrices = null;
        for (int j = 0; j < x.Channels; j++)
        {
            Tensor unit = ops.Rent(x.Batch, x.Channels, x.Length);
            unit.Span.Clear();
            for (int b = 0; b < x.Batch; b++) unit.Row(b, j).Fill(1f);
            Tensor row = ops.Add(unit, Product(ops, weights, slopes, unit));
            matrices = matrices == null ? row : ops.Concat(matrices, row);
        }
        return ops.Sum(ops.LogAbsDetOfSteps(matrices!));
    }

    // The series with random signs v. Behind the first n terms each is computed with a probability, and divided by that of having come so far,
    // which leaves the mean as it is ("Russian roulette", Chen et al. 2019, eq. 6).
    private Tensor EstimatedLogDet(Ops ops, Tensor[] weights, Tensor[] slopes, Tensor x)
    {
        uint draw = (uint)Interlocked.Increment(ref _draws);
        Tensor signs = Signs(ops, x, draw), power = signs;
        Tensor? sum = null;
        double reached = 1;
        for (int k = 1; k <= _config.Terms || _random.Uniform(draw, uint.MaxValue, k) < _config.Roulette; k++)
        {
            if (k > _config.Terms) reached *= _config.Roulette;
            power = Product(ops, weights, slopes, power);
            Tensor term = ops.Scale(ops.Sum(ops.Multiply(signs, power)), (float)((k % 2 == 1 ? 1 : -1) / (k * reached)));
            sum = sum == null ? term : ops.Add(sum, term);
        }
        return sum!;
    }

    private Tensor Signs(Ops ops, Tensor x, uint draw)
    {
        Tensor signs = ops.Rent(x.Batch, x.Channels, x.Length);
        for (int row = 0; row < x.Batch * x.Channels; row++)
        {
            Span<float> values = signs.Row(0, row);
            for (int t = 0; t < values.Length; t++) values[t] = _random.Uniform(draw, (uint)row, t) < 0.5 ? -1f : 1f;
        }
        return signs;
    }

    private Tensor[] Weights(Ops ops) => [.. _contracting.Select(weight => weight.Of(ops))];

    private Tensor Filled(float value)
    {
        var tensor = new Tensor(1, _config.Hidden, 1);
        tensor.Span.Fill(value);
        return tensor;
    }
}
