using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Training.Adversarial;

/// <summary>
/// A network that tells recorded from generated speech: strided convolutions over rows that a view of the speech is cut into, and a score at every place
/// of the last layer. A convolution of stride 3 and 6 taps is one of 2 taps over triples. The rows follow each other on one axis, where long convolutions are
/// several times as fast as many short ones; what reaches over the end of a row sees the beginning of the next.
/// </summary>
internal abstract class Discriminator
{
    private const int Stride = 3;
    private readonly ConvLayer[] _layers;
    private readonly ConvLayer _last, _score;

    protected Discriminator(ParameterSet parameters, int inputs, int channels, int layers)
    {
        _layers = new ConvLayer[layers];
        for (int i = 0; i < layers; i++, inputs = channels, channels *= 2)
            _layers[i] = new ConvLayer(parameters.Scope($"{i}"), Stride * inputs, channels, taps: 2, causal: false, weightNorm: true);
        _last = new ConvLayer(parameters.Scope("last"), inputs, inputs, taps: 3, causal: false, weightNorm: true);
        _score = new ConvLayer(parameters.Scope("score"), inputs, 1, taps: 3, causal: false, weightNorm: true);
        Multiple = (int)Math.Pow(Stride, layers);
    }

    /// <summary>What the length of a row has to be a multiple of.</summary>
    protected int Multiple { get; }

    /// <summary>Speech [b, 1, samples] as [b, inputs, rows · length of a row].</summary>
    protected abstract Tensor Rows(Ops ops, Tensor speech);

    /// <summary>The features of all layers; the last tensor is the scores, 1 for recorded and 0 for generated speech (LSGAN, Mao et al. 2017).</summary>
    public IReadOnlyList<Tensor> Apply(Ops ops, Tensor speech)
    {
        Tensor x = Rows(ops, speech);
        var features = new List<Tensor>();
        foreach (ConvLayer layer in _layers) features.Add(x = ops.LeakyRelu(layer.Apply(ops, ops.Fold(x, Stride))));
        features.Add(x = ops.LeakyRelu(_last.Apply(ops, x)));
        features.Add(_score.Apply(ops, x));
        return features;
    }
}

/// <summary>Looks at every period-th sample: the multi-period discriminator of HiFi-GAN (Kong et al. 2020, sec. 2.3), smaller.</summary>
internal sealed class PeriodDiscriminator(ParameterSet parameters, int period, int channels) : Discriminator(parameters, 1, channels, layers: 4)
{
    protected override Tensor Rows(Ops ops, Tensor speech)
    {
        int length = speech.Length / (period * Multiple) * Multiple;
        return ops.Reshape(ops.Fold(ops.Crop(speech, 0, length * period), period), speech.Batch, 1, period * length);
    }
}

/// <summary>
/// Looks at the logarithms of spectra along frequency, with the frames before and after as further channels: a multi-resolution discriminator
/// (Jang et al. 2021, UnivNet) for each resolution, whose convolutions over time are one.
/// </summary>
internal sealed class SpectrumDiscriminator : Discriminator
{
    private const int Frames = 3;
    // Added to magnitudes, some 40 dB below those of a voice: without it the zeros of a spectrum, which mean nothing, have nearly all of the gradient.
    private const float Floor = 1e-2f, Scale = 0.5f;
    private readonly Tensor _window;

    public SpectrumDiscriminator(ParameterSet parameters, int size, int channels) : base(parameters, Frames, channels, layers: 3)
    {
        _window = new Tensor(1, 1, size);
        double[] hann = Features.Windows.HannPeriodic(size);
        for (int i = 0; i < size; i++) _window.Span[i] = (float)hann[i];
    }

    protected override Tensor Rows(Ops ops, Tensor speech)
    {
        Tensor magnitude = ops.Magnitude(ops.Stft(speech, _window, _window.Size / 4), 1e-9f);
        // The highest bins may be left out.
        int bins = magnitude.Channels / Multiple * Multiple, frames = magnitude.Length - Frames + 1;
        Tensor level = ops.Scale(ops.Log(ops.Slice(magnitude, 0, bins), Floor), Scale);
        Tensor? rows = null;
        for (int i = 0; i < Frames; i++)
        {
            Tensor shifted = ops.Reshape(ops.Transpose(ops.Crop(level, i, frames)), speech.Batch, 1, frames * bins);
            rows = rows == null ? shifted : ops.Concat(rows, shifted);
        }
        return rows!;
    }
}
