using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// Brings a mel to audio rate as WaveFlow, FloWaveNet and ClariNet do: transposed convolutions of one channel over bands and time, 3 bands by twice the scale
/// s, stride s, each behind it a leaky ReLU of slope 0.4. Keys: 0, 2, … with bias, weight_g and weight_v [1, 1, 3, 2s].
/// </summary>
internal sealed class PlaneUpsampler
{
    private const int Bands = 3;
    private const float Slope = 0.4f;
    private readonly Layer[] _layers;

    /// <summary>Creates weights for even scales.</summary>
    public PlaneUpsampler(ParameterSet parameters, IReadOnlyList<int> scales)
    {
        _layers = [.. scales.Select((scale, i) => new Layer(parameters.Scope($"{2 * i}"), scale))];
        Scale = scales.Aggregate(1, (product, scale) => product * scale);
    }

    /// <summary>Samples of a frame.</summary>
    public int Scale { get; }

    /// <summary>Frames to either side that a sample depends on; each layer sees one step of its own rate.</summary>
    public int Reach => Math.Min(2, _layers.Length);

    /// <summary>Multiply-accumulates of all bands per frame.</summary>
    public long MacsPerFrame(int bands)
    {
        long sum = 0, rate = 1;
        foreach (Layer layer in _layers) sum += (rate *= layer.Scale) * Bands * 2 * bands;
        return sum;
    }

    /// <summary>mel [b, bands, f] → [b, bands, f·<see cref="Scale"/>].</summary>
    public Tensor Apply(Ops ops, Tensor mel)
    {
        Tensor x = ops.Reshape(mel, mel.Batch * mel.Channels, 1, mel.Length);
        foreach (Layer layer in _layers)
        {
            Tensor samples = layer.Apply(ops, x, mel.Channels), bent = Bend(ops, samples);
            ops.Free(x);
            ops.Free(samples);
            x = bent;
        }
        Tensor result = ops.Reshape(x, mel.Batch, mel.Channels, x.Length);
        ops.Free(x);
        return result;
    }

    // 0.4·x + 0.6·max(x, 0)
    private static Tensor Bend(Ops ops, Tensor x)
    {
        Tensor positive = ops.Relu(x), bent = ops.Scale(positive, 1 - Slope), line = ops.Scale(x, Slope), sum = ops.Add(line, bent);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[positive, bent, line]) ops.Free(done);
        return sum;
    }

    private sealed class Layer
    {
        private readonly Tensor _bias, _noScale;
        private readonly DerivedTensor _ordinary;
        private volatile SeenBands? _seen;

        private sealed record SeenBands(int Bands, int[] Items);

        public Layer(ParameterSet parameters, int scale)
        {
            Scale = scale;
            float bound = 1f / MathF.Sqrt(Bands * 2 * scale);
            _bias = parameters.Uniform("bias", bound, 1);
            Tensor gain = parameters.Constant("weight_g", 0f, 1, 1, 1, 1), direction = parameters.Uniform("weight_v", bound, 1, 1, Bands, 2 * scale);
            gain.Span[0] = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(direction.Span));
            _noScale = new Tensor(1, 1, 1);
            _ordinary = new DerivedTensor(ops => Ordinary(ops, ops.WeightNorm(direction, gain)), direction, gain);
        }

        public int Scale { get; }

        public Tensor Apply(Ops ops, Tensor x, int bands)
        {
            // Made once, so that streams allocate nothing.
            if (_seen is not { } seen || seen.Bands != bands || seen.Items.Length != x.Batch * Bands)
                _seen = seen = new SeenBands(bands, WholePlanes.Seen(x.Batch, bands, Bands, 1, 1));
            Tensor stacked = ops.Take(x, seen.Items, Bands);
            // Tap 1 is the frame itself.
            Tensor phases = ops.Conv1d(stacked, _ordinary.Of(ops), null, new ConvShape(Left: 1)), samples = ops.Unfold(phases, Scale),
                biased = ops.ChannelAffine(samples, _noScale, _bias);
            foreach (Tensor done in (ReadOnlySpan<Tensor>)[stacked, phases, samples]) ops.Free(done);
            return biased;
        }

        // The published padding of s/2 begins in the middle of a frame: with zeros around the kernel, 3s taps, it begins with a whole one. Tap k over the bands
        // reaches from band m - 1 + k of the result to band m of the mel, so the rows of the kernel stand upside down.
        private Tensor Ordinary(Ops ops, Tensor weight)
        {
            Tensor rows = ops.Take(ops.Reshape(weight, Bands, 2 * Scale, 1), [2, 1, 0]), zeros = ops.Fill(Bands, Scale / 2, 1, 0f);
            Tensor padded = ops.Concat(ops.Concat(zeros, rows), zeros);
            return ops.TransposedWeight(ops.Reshape(padded, Bands, 1, 3 * Scale), Scale);
        }
    }
}
