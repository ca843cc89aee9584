using FlowVocoder.Compute;

namespace FlowVocoder.Training.Adversarial;

/// <summary>
/// The discriminators that a voice learns against, and both sides' losses (HiFi-GAN, Kong et al. 2020, eq. 3 to 5 and 8): least squares of the scores, and
/// for the voice the mean |difference| of the features of generated and recorded speech.
/// </summary>
internal sealed class Adversary
{
    private const float SmoothAbs = 1e-6f;
    private readonly AdversarialConfig _config;
    private readonly Discriminator[] _discriminators;
    // Copies of the speech of a step, which outlive it until the discriminators have learnt.
    private Tensor? _generated, _recorded;
    private bool _isPending;

    public Adversary(AdversarialConfig config, ulong seed)
    {
        (_config, Parameters) = (config, new ParameterSet(seed));
        _discriminators =
        [
            .. config.Periods.Select(p => new PeriodDiscriminator(Parameters.Scope($"period.{p}"), p, config.Channels)),
            .. config.Spectra.Select(n => new SpectrumDiscriminator(Parameters.Scope($"spectrum.{n}"), n, config.Channels)),
        ];
    }

    /// <summary>What the discriminators have learnt; no gradient flows to it but in <see cref="Loss"/>.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Their learning rate where that of the voice begins at <paramref name="highest"/> and is <paramref name="rate"/> now.</summary>
    public double LearningRate(double rate, double highest) => _config.LearningRate * rate / highest;

    /// <summary>Whether there are discriminators at a step.</summary>
    public bool IsOn(long step) => _config.Weight > 0 && step >= _config.From;

    /// <summary>
    /// The voice's loss for speech [b, 1, samples] at a step; null while the discriminators learn alone. Both are kept for <see cref="Loss"/>.
    /// </summary>
    public Tensor? VoiceLoss(Ops ops, Tensor generated, Tensor recorded, long step)
    {
        Keep(ops, ref _generated, generated);
        Keep(ops, ref _recorded, recorded);
        _isPending = true;
        Parameters.Freeze();
        if (step < _config.From + _config.Alone) return null;
        Tensor? sum = null;
        foreach (Discriminator discriminator in _discriminators)
        {
            IReadOnlyList<Tensor> found = discriminator.Apply(ops, generated), wanted = discriminator.Apply(ops, recorded);
            Tensor loss = SquaredError(ops, found[^1], 1);
            for (int i = 0; i < found.Count - 1; i++) loss = ops.Add(loss, ops.Scale(Distance(ops, found[i], wanted[i]), _config.FeatureWeight));
            sum = sum == null ? loss : ops.Add(sum, loss);
        }
        return ops.Scale(sum!, _config.Weight);
    }

    /// <summary>The discriminators' loss on the speech of the step before; null where there was none.</summary>
    public Tensor? Loss(Ops ops)
    {
        if (!_isPending) return null;
        _isPending = false;
        // Until the next speech comes: the gradient steps look at it too.
        Parameters.Unfreeze();
        Tensor? sum = null;
        foreach (Discriminator discriminator in _discriminators)
        {
            Tensor loss = ops.Add(SquaredError(ops, discriminator.Apply(ops, _recorded!)[^1], 1),
                SquaredError(ops, discriminator.Apply(ops, _generated!)[^1], 0));
            sum = sum == null ? loss : ops.Add(sum, loss);
        }
        return sum;
    }

    private static void Keep(Ops ops, ref Tensor? copy, Tensor speech) => copy = Tensor.From(ops.Read(speech), speech.Batch, speech.Channels, speech.Length);

    // Mean (score - wanted)².
    private static Tensor SquaredError(Ops ops, Tensor scores, float wanted)
    {
        Tensor squares = ops.Scale(ops.SumSquares(scores), 1f / scores.Size);
        return wanted == 0 ? squares
            : ops.Add(squares, ops.Add(ops.Scale(ops.Sum(scores), -2 * wanted / scores.Size), Tensor.From([wanted * wanted], 1, 1, 1)));
    }

    private static Tensor Distance(Ops ops, Tensor a, Tensor b)
    {
        Tensor difference = ops.Add(a, ops.Scale(b, -1f)), distance = ops.Sqrt(ops.Multiply(difference, difference), SmoothAbs);
        return ops.Scale(ops.Sum(distance), 1f / distance.Size);
    }
}
