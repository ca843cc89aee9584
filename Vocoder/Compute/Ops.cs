namespace FlowVocoder.Compute;

/// <summary>How a convolution of stride 1 reads its input; output length equals input length.</summary>
/// <param name="Dilation">Distance between taps, at least 1.</param>
/// <param name="Left">Zeros before the first sample: (taps-1)·dilation makes the convolution causal, half of that centres it.</param>
/// <param name="FirstRow">First output row of the weight that is used.</param>
/// <param name="Rows">Number of output rows used; 0 means all.</param>
public readonly record struct ConvShape(int Dilation = 1, int Left = 0, int FirstRow = 0, int Rows = 0);

/// <summary>
/// The operations that models are written in: the seam between a network and what runs it. Every tensor is
/// [batch, channels, time]. An implementation may record a tape for gradients, keep the past of causal operations for
/// streaming, compute on a device or trace a graph; models are written the same for all. Results are valid until <see cref="Reset"/>. Inputs are tensors in
/// host memory; where results lie is the engine's business, and <see cref="Read"/> brings them back.
/// </summary>
public abstract class Ops
{
    /// <summary>Threads that a caller may use where it computes inputs itself; one unless an implementation has more.</summary>
    public virtual Parallelism Parallelism { get; } = new(1);

    /// <summary>
    /// A new tensor [batch, channels, length] in host memory with undefined contents, for inputs computed by the caller, who writes it before it is used.
    /// </summary>
    public abstract Tensor Rent(int batch, int channels, int length);

    /// <summary>A new tensor [batch, channels, length] of which every element is <paramref name="value"/>.</summary>
    public virtual Tensor Fill(int batch, int channels, int length, float value)
    {
        Tensor tensor = Rent(batch, channels, length);
        tensor.Span.Fill(value);
        return tensor;
    }

    /// <summary>A result in host memory, itself where it lies there; valid as long as the tensor, and not to be written.</summary>
    public virtual Tensor Here(Tensor tensor) => tensor;

    /// <summary>The elements of a result, [batch, channels, length] in row-major order, in host memory; valid as long as the tensor.</summary>
    public virtual ReadOnlySpan<float> Read(Tensor tensor) => Here(tensor).Span;

    /// <summary>The value of a result with one element.</summary>
    public float ReadItem(Tensor tensor) => Here(tensor).Item;

    /// <summary>
    /// Computes the gradient of a scalar <paramref name="loss"/> for every parameter that it depends on, adding to their <see cref="Tensor.Grad"/>. What was
    /// recorded is forgotten; the results stay until <see cref="Reset"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">These operations do not record.</exception>
    public virtual void Backward(Tensor loss) => throw new InvalidOperationException("these operations record no gradients");

    /// <summary>
    /// Steps that undo each other, one after the other, with their log-determinants summed as [1,1,1]. An engine that records gradients need not store what is
    /// between them: it may rebuild it from the end while gradients run back (Gomez et al. 2017), in memory that does not grow with the number of steps. One
    /// that does not stores as ever.
    /// </summary>
    /// <param name="steps">The steps.</param>
    /// <param name="x">[b, c, t] what enters.</param>
    /// <param name="condition">What all steps are told, [b, any, t].</param>
    /// <param name="logDet">[1,1,1].</param>
    public virtual Tensor Reversible(IReversible steps, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = Fill(1, 1, 1, 0f);
        for (int k = 0; k < steps.Steps; k++)
        {
            x = steps.Forward(this, k, x, condition, out Tensor part);
            logDet = Add(logDet, part);
        }
        return x;
    }

    /// <summary>
    /// The largest relative error (L2) with which <see cref="Reversible"/> rebuilt what entered, since <see cref="Reset"/>: gradients are about that far from
    /// those of stored activations.
    /// </summary>
    public virtual double RebuildError => 0;

    /// <summary>A value made of parameters alone: that in host memory, unless an implementation records gradients of it.</summary>
    public virtual Tensor Derive(DerivedTensor value) => value.InHostMemory();

    /// <summary>Gives an intermediate result back early. The caller must not touch it again; without effect while recording.</summary>
    public abstract void Free(Tensor tensor);

    /// <summary>Ends the use of all tensors that came from these operations.</summary>
    public abstract void Reset();

    /// <summary>
    /// Dilated convolution y[b,o,t] = bias[o] + add[b,o,t] + Σ_c Σ_k weight[o,c,k]·x[b,c,t + k·dilation - left].
    /// weight is [out, in, taps], bias [1, out, 1]; both are narrowed to the rows of <paramref name="shape"/>.
    /// A causal convolution keeps the end of x under <paramref name="site"/> when streaming, the name of a place in the model.
    /// </summary>
    public abstract Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null);

    /// <summary>
    /// One step later: y[b,c,t] = x[b,c,t-1], 0 at the first step; when streaming, the last step of the chunk before, kept under <paramref name="site"/>.
    /// </summary>
    public abstract Tensor Delay(Tensor x, string site);

    /// <summary>
    /// A recursion over time, y_t = step(y_{t-1}, x_t, condition_t), one step after the other with y_{-1} = 0. Causal operations inside the step remember
    /// their past from step to step, and when streaming from chunk to chunk. It has no gradient.
    /// </summary>
    /// <param name="recursion">The step; also the site of its memory.</param>
    /// <param name="x">[b, c, t].</param>
    /// <param name="condition">[b, d, t].</param>
    /// <param name="channels">Channels of y.</param>
    /// <returns>y [b, channels, t].</returns>
    /// <exception cref="InvalidOperationException">Gradients are being recorded.</exception>
    public abstract Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels);

    /// <summary>
    /// Long short-term memory (Hochreiter and Schmidhuber 1997) over the steps of one sequence, as PyTorch computes it: gates_t = x_t + W·h_(t-1) + bias in the
    /// order input i, forget f, cell g and output o; c_t = σ(f)·c_(t-1) + σ(i)·tanh(g), h_t = σ(o)·tanh(c_t).
    /// </summary>
    /// <param name="x">[1, 4h, t], what the input says to the gates.</param>
    /// <param name="weight">W [4h, h, 1].</param>
    /// <param name="bias">[1, 4h, 1].</param>
    /// <param name="hidden">[1, h, 1] before the first step.</param>
    /// <param name="cell">[1, h, 1] before the first step.</param>
    /// <returns>h above c, [1, 2h, t].</returns>
    public virtual Tensor Lstm(Tensor x, Tensor weight, Tensor bias, Tensor hidden, Tensor cell) =>
        ComposedOperations.Lstm(this, x, weight, bias, hidden, cell);

    /// <summary>
    /// Scores of additive attention (Bahdanau et al. 2015, A.1.2): Σ_a weight_a·tanh(queries[a, t] + keys[a, n]) for each step t and position n.
    /// </summary>
    /// <param name="queries">[1, a, t].</param>
    /// <param name="keys">[1, a, n].</param>
    /// <param name="weight">[1, a, 1].</param>
    /// <returns>[t, n, 1].</returns>
    public virtual Tensor AdditiveScores(Tensor queries, Tensor keys, Tensor weight) => ComposedOperations.AdditiveScores(this, queries, keys, weight);

    /// <summary>WaveNet gate: x [b, 2c, t] → tanh(first c channels)·sigmoid(last c), [b, c, t].</summary>
    public abstract Tensor Gate(Tensor x);

    /// <summary>
    /// Convolution with what it is given beside its input in one: x [b, in, t] → [b, out, t], and <paramref name="add"/> of that shape added.
    /// </summary>
    public Tensor Conv1d(Tensor x, in ConvWeights convolution, Tensor? add = null) =>
        Conv1d(x, convolution.Weight, convolution.Bias, convolution.Shape, add, convolution.Site);

    /// <summary>
    /// A gated layer of a WaveNet (van den Oord et al. 2016; WaveGlow, sec. 2.1): from g = gate(filter(x) + condition's) come x + residual(g) and
    /// skip + skip(g). An engine may compute it in one pass.
    /// </summary>
    /// <param name="x">[b, inputs, t].</param>
    /// <param name="condition">[b, any, t]; not read where the layer has no convolution for it.</param>
    /// <param name="skip">[b, outputs, t] the sum of the layers before; null in the first.</param>
    /// <param name="layer">Its convolutions.</param>
    /// <returns>[b, inputs, t], null where the layer has no residual, and [b, outputs, t].</returns>
    public virtual (Tensor? Hidden, Tensor Skip) GatedLayer(Tensor x, Tensor? condition, Tensor? skip, in GatedLayer layer)
    {
        Tensor? conditioned = layer.Condition is { } told ? Conv1d(condition!, told) : null;
        Tensor filtered = Conv1d(x, layer.Filter, conditioned);
        if (conditioned != null) Free(conditioned);
        Tensor gated = Gate(filtered);
        Free(filtered);
        Tensor? hidden = layer.Residual is { } residual ? Conv1d(gated, residual, x) : null;
        Tensor sum = Conv1d(gated, layer.Skip, skip);
        Free(gated);
        return (hidden, sum);
    }

    /// <summary>a + b, equal shapes.</summary>
    public abstract Tensor Add(Tensor a, Tensor b);

    /// <summary>a·b elementwise, equal shapes.</summary>
    public abstract Tensor Multiply(Tensor a, Tensor b);

    /// <summary>x·factor.</summary>
    public abstract Tensor Scale(Tensor x, float factor);

    /// <summary>e^x.</summary>
    public abstract Tensor Exp(Tensor x);

    /// <summary>tanh(x).</summary>
    public abstract Tensor Tanh(Tensor x);

    /// <summary>
    /// √(a² + b² + offset) of pairs, a in the upper half of the channels and b in the lower: [b, 2c, t] → [b, c, t]. The offset is above 0 where gradients are
    /// wanted.
    /// </summary>
    public abstract Tensor Magnitude(Tensor pairs, float offset);

    /// <summary>√(x + offset), for x + offset above 0.</summary>
    public abstract Tensor Sqrt(Tensor x, float offset);

    /// <summary>Natural logarithm of x + offset, for x + offset above 0.</summary>
    public abstract Tensor Log(Tensor x, float offset);

    /// <summary>x brought into [low, high]; nothing flows back from outside.</summary>
    public abstract Tensor Clamp(Tensor x, float low, float high);

    /// <summary>max(x, 0.1·x).</summary>
    public abstract Tensor LeakyRelu(Tensor x);

    /// <summary>max(x, 0).</summary>
    public abstract Tensor Relu(Tensor x);

    /// <summary>x·exp(logScale) + shift, equal shapes.</summary>
    public abstract Tensor Affine(Tensor x, Tensor logScale, Tensor shift);

    /// <summary>(x - shift)·exp(-logScale): undoes <see cref="Affine"/>.</summary>
    public abstract Tensor AffineInverse(Tensor x, Tensor logScale, Tensor shift);

    /// <summary>x [b,c,t]·exp(logScale [1,c,1]) + shift [1,c,1].</summary>
    public abstract Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift);

    /// <summary>(x - shift)·exp(-logScale): undoes <see cref="ChannelAffine"/>.</summary>
    public abstract Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift);

    /// <summary>x [b,c,t]·factor [1,c,1].</summary>
    public abstract Tensor ChannelScale(Tensor x, Tensor factor);

    /// <summary>
    /// Monotone rational-quadratic spline of each element, the identity outside ±<paramref name="bound"/> (Durkan et al. 2019, sec. 3.1):
    /// x [b, c, t] → y above log dy/dx, [b, 2c, t]. The 3K - 1 parameters of a spline of K bins are consecutive channels, K widths and K
    /// heights before a softmax and K - 1 inner slopes before a softplus; zeros are the identity; K is at most 256. They are [b, c·(3K-1), t], or
    /// [1, c·(3K-1), 1] for the same splines everywhere.
    /// </summary>
    public abstract Tensor Spline(Tensor x, Tensor parameters, float bound);

    /// <summary>Undoes <see cref="Spline"/>: y [b, c, t] → x, without a slope.</summary>
    public abstract Tensor SplineInverse(Tensor y, Tensor parameters, float bound);

    /// <summary>
    /// A sum of signals, with a gain for each that is held for h of its samples: x [b, j, t·h] and gains [b, j, t] →
    /// y[b,0,i] = Σ_j gains[b, j, i / h]·x[b,j,i], [b, 1, t·h].
    /// </summary>
    public abstract Tensor Mix(Tensor x, Tensor gains);

    /// <summary>Channels first … first+count-1.</summary>
    public abstract Tensor Slice(Tensor x, int first, int count);

    /// <summary>a [b,c1,t] above b [b,c2,t]: [b, c1+c2, t].</summary>
    public abstract Tensor Concat(Tensor a, Tensor b);

    /// <summary>
    /// Batch items by number: y[i, k·c + j, t] = x[items[i·join + k], j, t], [items / join, join·c, t]; zeros where a number is -1. An item may be taken
    /// several times, or not at all. Where the items of a batch are the rows of planes it permutes and shifts them along the height, and with
    /// <paramref name="join"/> puts each row's neighbours into its channels, so that a convolution sees them.
    /// </summary>
    public abstract Tensor Take(Tensor x, int[] items, int join = 1);

    /// <summary>Time steps first … first+count-1.</summary>
    public abstract Tensor Crop(Tensor x, int first, int count);

    /// <summary>[b, c, t·group] → [b, c·group, t]; channel c·group + p holds the samples p, p+group, ….</summary>
    public abstract Tensor Fold(Tensor x, int group);

    /// <summary>Undoes <see cref="Fold"/>: [b, c·group, t] → [b, c, t·group].</summary>
    public abstract Tensor Unfold(Tensor x, int group);

    /// <summary>The same elements in the same order in another shape of as many.</summary>
    public abstract Tensor Reshape(Tensor x, int batch, int channels, int length);

    /// <summary>Channels and time exchanged: [b, c, t] → [b, t, c].</summary>
    public abstract Tensor Transpose(Tensor x);

    /// <summary>
    /// The synthesis filter of linear prediction, from silence: y_t = gain·x_t + Σ_k tap_k·y_{t-k}. x is [b, 1, blocks·n], taps [b, blocks, order] a_1 …
    /// a_order and gains [b, blocks, 1] of stretches of n samples. Gradients flow to x alone.
    /// </summary>
    public abstract Tensor AllPole(Tensor x, Tensor taps, Tensor gains);

    /// <summary>Undoes <see cref="AllPole"/>: y_t = (x_t - Σ_k tap_k·x_{t-k}) / gain.</summary>
    public abstract Tensor AllPoleInverse(Tensor x, Tensor taps, Tensor gains);

    /// <summary>
    /// Short-time Fourier transform: x [b, 1, samples] → [b, 2·bins, frames], bins = size/2 + 1, the real parts above the imaginary ones. Frame i is the
    /// samples i·hop … i·hop + size - 1 times <paramref name="window"/> [1, 1, size], a power of two; there are as many frames as fit.
    /// </summary>
    public abstract Tensor Stft(Tensor x, Tensor window, int hop);

    /// <summary>
    /// Spectra as those of <see cref="Stft"/> back to samples: the inverse transform of each frame times <paramref name="window"/>, overlapped and added to
    /// <paramref name="add"/> (zeros when null), [b, 1, (frames - 1)·hop + size], the first frame first.
    /// </summary>
    public abstract Tensor OverlapAdd(Tensor spectra, Tensor window, int hop, Tensor? add = null);

    /// <summary>Sum of all elements, [1,1,1], accumulated in double.</summary>
    public abstract Tensor Sum(Tensor x);

    /// <summary>
    /// What is the same at every step of x, added up: value [1,1,1]·factor·batch·time of x. So layers tell log-determinants that do not depend on the signal.
    /// </summary>
    public virtual Tensor OverSteps(Tensor value, Tensor x, float factor) => Scale(value, factor * x.Batch * x.Length);

    /// <summary>Sum over time of each channel, [b, c, t] → [b, c, 1].</summary>
    public abstract Tensor SumTime(Tensor x);

    /// <summary>Sum of squares of all elements, [1,1,1], accumulated in double.</summary>
    public abstract Tensor SumSquares(Tensor x);

    /// <summary>Logarithm of the softmax over channels, for each time step.</summary>
    public abstract Tensor LogSoftmax(Tensor x);

    /// <summary>Weight normalisation (Salimans and Kingma 2016): gain[o]·v[o]/‖v[o]‖; v is [out, in, taps], gain [out, 1, 1].</summary>
    public abstract Tensor WeightNorm(Tensor v, Tensor gain);

    /// <summary>
    /// Spectral normalisation (Miyato et al. 2018; Gouk et al. 2018): weight·min(1, bound/σ) for a weight [out, in, 1] with largest singular
    /// value σ, found by power iteration in double. What a power iteration finds is never above σ, and below it by less than 3.5e-3 of it in practice.
    /// </summary>
    public abstract Tensor SpectralNorm(Tensor weight, float bound);

    /// <summary>
    /// Rearranges the weight [in, out, taps] of a transposed convolution into that of an ordinary causal one, [out·stride, in, ⌈taps/stride⌉],
    /// so that Unfold(Conv1d(x, ·), stride) is the transposed convolution without padding, cut to stride·length samples.
    /// </summary>
    public abstract Tensor TransposedWeight(Tensor weight, int stride);

    /// <summary>
    /// W = P·L·(U + diag(sign·exp(logDiagonal))) (Glow, sec. 3.2): L unit lower and U strictly upper triangular are both held in
    /// <paramref name="triangles"/> [c, c, 1] (its diagonal is ignored); sign [1, c, 1]; row i of W is row permutation[i] of the product.
    /// </summary>
    public abstract Tensor ComposeLu(Tensor triangles, Tensor logDiagonal, Tensor sign, Tensor permutation);

    /// <summary>Inverse of a square matrix [c, c, 1], computed in double.</summary>
    public abstract Tensor Invert(Tensor matrix);

    /// <summary>log |det W| of a square matrix [c, c, 1], as [1,1,1], computed in double.</summary>
    public abstract Tensor LogAbsDet(Tensor matrix);

    /// <summary>log |det| of a c×c matrix at each step: [b, c·c, t], row after row, → [b, 1, t], computed in double.</summary>
    public abstract Tensor LogAbsDetOfSteps(Tensor matrices);
}

/// <summary>The step of a recursion over time, see <see cref="Ops.Recur"/>.</summary>
public interface IRecursion
{
    /// <summary>The name of the place in the model, under which a stream keeps the last step.</summary>
    string Site { get; }

    /// <summary>One step: previous [b, channels, 1], x [b, c, 1] and condition [b, d, 1] → [b, channels, 1].</summary>
    Tensor Step(Ops ops, Tensor previous, Tensor x, Tensor condition);
}
