using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Energy of an error in time and frequency, weighted by that of the signal as Flow2GAN has it (Yao et al. 2025, arXiv 2512.23278): the mean of
/// S(e)·clamp((S(x) + 1e-7)^-½, 1e-2, 1e2), where S is |STFT|² in half as many linear bands as there are bins, so that what is soft is learnt too. S of white
/// noise is its variance.
/// </summary>
internal sealed class WeightedEnergy
{
    private const float Floor = 1e-7f, Least = 1e-2f, Most = 1e2f;
    private readonly SpeechSpectrum _spectrum;
    private readonly Tensor _bank;

    /// <summary>With window, transform length and hop of a recipe.</summary>
    public WeightedEnergy(MelRecipe recipe)
    {
        _spectrum = new SpeechSpectrum(recipe);
        double energy = Windows.Frame(recipe).Span.ToArray().Sum(w => (double)w * w);
        // Band k is bin 2k + 1 and half of its neighbours.
        _bank = new Tensor(_spectrum.Bins / 2, _spectrum.Bins, 1);
        for (int k = 0; k < _bank.Batch; k++)
            foreach (var (bin, part) in new[] { (2 * k, 0.25), (2 * k + 1, 0.5), (2 * k + 2, 0.25) }) _bank.Row(k, bin)[0] = (float)(part / energy);
    }

    /// <summary>The loss of an error beside a signal, both [b, 1, samples]; no gradient flows to the signal.</summary>
    public Tensor Apply(Ops ops, Tensor error, Tensor signal)
    {
        Tensor energy = Energy(ops, error), weights = ops.Rent(energy.Batch, energy.Channels, energy.Length);
        ReadOnlySpan<float> own = ops.Read(Energy(ops, signal));
        for (int i = 0; i < own.Length; i++) weights.Span[i] = Math.Clamp(1 / MathF.Sqrt(own[i] + Floor), Least, Most);
        return ops.Scale(ops.Sum(ops.Multiply(energy, weights)), 1f / energy.Size);
    }

    private Tensor Energy(Ops ops, Tensor signal)
    {
        Tensor magnitude = _spectrum.Magnitude(ops, signal);
        return ops.Conv1d(ops.Multiply(magnitude, magnitude), _bank, null);
    }
}
