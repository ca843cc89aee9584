using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Features;

/// <summary>
/// The predictor and gain of <see cref="LinearPredictionFilter"/> from the mel alone, so that both directions of the flow know them:
/// the spectral envelope of a log-mel frame → power spectrum → autocorrelation (Wiener–Khinchin) → Levinson–Durbin.
/// White noise of variance 1 through g/(1 − Σ a_k z^{−k}) has the magnitudes that the mel tells.
/// Log-mels are interpolated linearly in time between the centres of frames, at the centre of each block, and held at the ends.
/// No call allocates. An instance has working memory: one per thread; its results depend on nothing but the arguments.
/// </summary>
public sealed class MelLinearPredictor
{
    // Relative to the mean power: fills the valleys (and the stop band of band-limited recordings) to -50 dB, which bounds the
    // resonance of 1/A and so the growth of rounding errors in a round trip. Measured on speech, as log-mel L1 of white noise through
    // the predictor / residual variance: 1e-4 0.626 / 1.2, 1e-5 0.602 / 1.8, 1e-7 0.595 / 5.6 (with bands beyond the mel held).
    private const double WhiteNoise = 1e-5;
    // Clamps of ln power, far outside of anything audible, that keep exp finite and the gain above 0 for a mel gone wrong.
    internal const float LowestLogPower = -80, HighestLogPower = 80;

    // Blocks that are worked out side by side, one in each lane of a vector.
    private const int Lanes = 4;

    private readonly MelRecipe _recipe;
    private readonly MelEnvelope _envelope;
    private readonly MelEnvelopeCorrelation _correlation;
    private readonly Vector128<float>[] _blend, _spectrum;
    private readonly Vector256<double>[] _autocorrelation, _taps;
    private readonly float[] _columns;

    /// <summary>Prepares the maps of a recipe.</summary>
    /// <param name="recipe">The recipe of the mels to come.</param>
    /// <param name="order">Taps of the predictor, 1 or more; the default value is 24: 12 resonances, one per kHz at 22.05 kHz.</param>
    /// <param name="blocksPerHop">Predictors per hop; has to divide the hop size. The default value is 4.</param>
    /// <param name="lagWindow">
    /// Hz by which the spectrum is smoothed, the standard deviation of a Gaussian, by a window on the autocorrelation (Tohkura, Itakura and Hashimoto
    /// 1978); the default value is 0. At higher orders, or where the mel resolves them, poles sit on single harmonics without it.
    /// </param>
    /// <exception cref="VocoderException">A number does not fit the recipe.</exception>
    public MelLinearPredictor(MelRecipe recipe, int order = 24, int blocksPerHop = 4, double lagWindow = 0)
        : this(Checked(recipe, order, blocksPerHop), order, blocksPerHop, new MelEnvelope(recipe),
            new MelEnvelopeCorrelation(MelEnvelope.PointsOf(recipe), order + 1, WhiteNoise, 2 * Math.PI * lagWindow / recipe.SampleRate))
    {
    }

    private MelLinearPredictor(MelRecipe recipe, int order, int blocksPerHop, MelEnvelope envelope, MelEnvelopeCorrelation correlation)
    {
        (_recipe, Order, BlocksPerHop, _envelope, _correlation) = (recipe, order, blocksPerHop, envelope, correlation);
        _spectrum = new Vector128<float>[envelope.Points];
        _blend = new Vector128<float>[recipe.Bands];
        _autocorrelation = new Vector256<double>[order + 1];
        _taps = new Vector256<double>[order];
        _columns = new float[3 * recipe.Bands];
    }

    /// <summary>The same predictor for another thread, at no more cost than its working memory.</summary>
    public MelLinearPredictor Copy() => new(_recipe, Order, BlocksPerHop, _envelope.Copy(), _correlation.Copy());

    /// <summary>Taps of the predictor.</summary>
    public int Order { get; }

    /// <summary>Predictors per hop.</summary>
    public int BlocksPerHop { get; }

    /// <summary>The map from mel to spectrum.</summary>
    internal MelEnvelope Envelope => _envelope;

    /// <summary>That from spectrum to lags.</summary>
    internal MelEnvelopeCorrelation Correlation => _correlation;

    /// <summary>How far the centre of a block of a hop lies behind the centre of its frame, in hops.</summary>
    internal float Position(int block) => (float)((((block + 0.5) * BlockSize) - FrameCentres.Of(_recipe, 0)) / _recipe.HopSize);

    /// <summary>Samples that share one predictor.</summary>
    public int BlockSize => _recipe.HopSize / BlocksPerHop;

    /// <summary>The predictor of one log-mel frame.</summary>
    /// <param name="logMelFrame">[bands] in the recipe's logarithm.</param>
    /// <param name="a">[order] receives a_1 … a_order of a stable predictor.</param>
    /// <param name="g">Receives the gain, above 0: the standard deviation of the excitation.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Block(ReadOnlySpan<float> logMelFrame, Span<float> a, out float g)
    {
        if (logMelFrame.Length != _envelope.Bands || a.Length != Order)
            throw new ArgumentException($"a frame of {logMelFrame.Length} bands and room for {a.Length} taps, expected {_envelope.Bands} and {Order}");
        for (int b = 0; b < _blend.Length; b++)
            _blend[b] = Vector128.Create(logMelFrame[b]);
        g = Store(Predict(), 0, a);
    }

    /// <summary>The predictors of one hop of samples, hop·i … hop·(i + 1) − 1, for streaming.</summary>
    /// <param name="previous">[bands] mel frame i − 1; at the start frame i.</param>
    /// <param name="current">[bands] mel frame i.</param>
    /// <param name="next">[bands] mel frame i + 1; at the end frame i.</param>
    /// <param name="a">[blocks per hop, order] receives the predictors.</param>
    /// <param name="g">[blocks per hop] receives the gains.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Hop(ReadOnlySpan<float> previous, ReadOnlySpan<float> current, ReadOnlySpan<float> next, Span<float> a, Span<float> g)
    {
        int bands = _envelope.Bands;
        if (previous.Length != bands || current.Length != bands || next.Length != bands || a.Length != BlocksPerHop * Order || g.Length != BlocksPerHop)
            throw new ArgumentException($"frames of {previous.Length}, {current.Length} and {next.Length} bands, {a.Length} taps and {g.Length} gains, "
                + $"expected {bands} bands, {BlocksPerHop * Order} and {BlocksPerHop}");
        Span<float> weight = stackalloc float[Lanes];
        for (int first = 0; first < BlocksPerHop; first += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
                weight[lane] = Position(first + lane);
            Blend(previous, current, next, Vector128.Create<float>(weight));
            Vector256<double> error = Predict();
            for (int block = first; block < Math.Min(first + Lanes, BlocksPerHop); block++)
                g[block] = Store(error, block - first, a.Slice(block * Order, Order));
        }
    }

    /// <summary>The predictors of a whole mel, for frames × hop samples: bit for bit those that <see cref="Hop"/> gives frame by frame.</summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="frames">Frames of the mel.</param>
    /// <param name="a">[frames × blocks per hop, order] receives the predictors.</param>
    /// <param name="g">[frames × blocks per hop] receives the gains.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Compute(ReadOnlySpan<float> mel, int frames, Span<float> a, Span<float> g)
    {
        int bands = _envelope.Bands, blocks = frames * BlocksPerHop;
        if (mel.Length != bands * frames || a.Length != blocks * Order || g.Length != blocks)
            throw new ArgumentException(
                $"a mel of {mel.Length} values, {a.Length} taps and {g.Length} gains, expected {bands * frames}, {blocks * Order} and {blocks} for {frames} "
                + "frames");
        // Three frames in turn, as a stream sees them.
        Span<float> previous = _columns.AsSpan(0, bands), current = _columns.AsSpan(bands, bands), next = _columns.AsSpan(2 * bands);
        for (int i = 0; i < frames; i++)
        {
            MelColumns.Copy(mel, bands, Math.Max(i - 1, 0), previous);
            MelColumns.Copy(mel, bands, i, current);
            MelColumns.Copy(mel, bands, i + 1, next);
            Hop(previous, current, next, a.Slice(i * BlocksPerHop * Order, BlocksPerHop * Order), g.Slice(i * BlocksPerHop, BlocksPerHop));
        }
    }

    private void Blend(ReadOnlySpan<float> previous, ReadOnlySpan<float> current, ReadOnlySpan<float> next, Vector128<float> at)
    {
        Vector128<float> isBefore = Vector128.LessThan(at, default), weight = Vector128.Abs(at);
        for (int b = 0; b < _blend.Length; b++)
        {
            var here = Vector128.Create(current[b]);
            var other = Vector128.ConditionalSelect(isBefore, Vector128.Create(previous[b]), Vector128.Create(next[b]));
            _blend[b] = here + (weight * (other - here));
        }
    }

    // Taps and the power of the prediction error of the four frames in _blend.
    private Vector256<double> Predict()
    {
        _envelope.LogPower(_blend, _spectrum);
        Exponential(MemoryMarshal.Cast<Vector128<float>, float>(_spectrum.AsSpan()));
        _correlation.Compute(_spectrum, _autocorrelation);
        return LinearPrediction.LevinsonDurbin(_autocorrelation, _taps);
    }

    // Writes the taps of one of the four and gives its gain.
    private float Store(Vector256<double> error, int lane, Span<float> a)
    {
        for (int k = 0; k < a.Length; k++)
            a[k] = (float)_taps[k][lane];
        return (float)Math.Sqrt(error[lane]);
    }

    private static MelRecipe Checked(MelRecipe recipe, int order, int blocksPerHop)
    {
        if (order < 1 || order >= recipe.FftSize / 4)
            throw new VocoderException($"linear prediction of order {order}, expected 1 to {(recipe.FftSize / 4) - 1} for mel recipe {recipe.Name}");
        if (blocksPerHop < 1 || recipe.HopSize % blocksPerHop != 0)
            throw new VocoderException(
                $"{blocksPerHop} linear prediction blocks a hop, expected a divisor of the hop size {recipe.HopSize} of mel recipe {recipe.Name}");
        return recipe;
    }

    private static unsafe void Exponential(Span<float> logPower)
    {
        TensorPrimitives.Clamp(logPower, LowestLogPower, HighestLogPower, logPower);
        fixed (float* p = logPower)
            Elementwise.Run<ExpF>(p, p, p, p, logPower.Length);
    }
}
