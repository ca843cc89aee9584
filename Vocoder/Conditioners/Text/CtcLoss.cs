using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// Connectionist temporal classification (Graves et al. 2006) of an attention: -log of the probability that a text is read once from its first to its last
/// position, each for any number of steps, with any number of blanks between them. Flowtron teaches its attention so to be monotonic.
/// </summary>
internal static class CtcLoss
{
    /// <summary>The logarithm that a blank has before all sum to 1, blank_logprob of the published configuration.</summary>
    public const float Blank = -8;

    /// <summary>The loss of logarithms [t, n, 1] as [1,1,1]; 0 where there are fewer steps than positions, which no reading fits.</summary>
    public static Tensor Of(Ops ops, Tensor logarithms)
    {
        int steps = logarithms.Batch, positions = logarithms.Channels;
        if (steps < positions) return ops.Fill(1, 1, 1, 0f);
        Tensor probabilities = ops.LogSoftmax(ops.Concat(ops.Fill(steps, 1, 1, Blank), logarithms)), gradient = ops.Rent(steps, positions + 1, 1);
        ReadOnlySpan<float> values = ops.Read(probabilities);
        double loss = Posteriors(values, steps, positions, gradient.Span), linear = 0;
        for (int i = 0; i < gradient.Size; i++) linear += (double)values[i] * gradient.Span[i];
        // What it is here, with the gradient that it has here.
        return ops.Add(ops.Sum(ops.Multiply(probabilities, gradient)), ops.Fill(1, 1, 1, (float)(loss - linear)));
    }

    // The loss, and its gradient by the logarithms [t, 1 + n], the blank's first: less the probability that step t says that symbol.
    private static double Posteriors(ReadOnlySpan<float> logarithms, int steps, int positions, Span<float> gradient)
    {
        // States are blank, first symbol, blank, second symbol, …, blank.
        int states = 2 * positions + 1, symbols = positions + 1;
        double[] before = Forward(logarithms, steps, states, symbols, isBackward: false), after = Forward(logarithms, steps, states, symbols, isBackward: true);
        double all = Sum(before[^1], before[^2]);
        gradient.Clear();
        for (int t = 0; t < steps; t++)
            for (int s = 0; s < states; s++)
            {
                int symbol = Symbol(s);
                // Both sides hold the step itself.
                gradient[t * symbols + symbol] -= (float)Math.Exp(
                    before[t * states + s] + after[(steps - t) * states - 1 - s] - logarithms[t * symbols + symbol] - all);
            }
        return -all;
    }

    private static int Symbol(int state) => state % 2 == 0 ? 0 : (state + 1) / 2;

    // Logarithm of the probability of all ways to each state at each step; backward from the end, with the states counted from the last.
    private static double[] Forward(ReadOnlySpan<float> logarithms, int steps, int states, int symbols, bool isBackward)
    {
        var ways = new double[steps * states];
        for (int t = 0; t < steps; t++)
            for (int s = 0; s < states; s++)
            {
                double way = t == 0 ? (s < 2 ? 0 : double.NegativeInfinity) : ways[(t - 1) * states + s];
                if (t > 0 && s > 0) way = Sum(way, ways[(t - 1) * states + s - 1]);
                // Symbols follow each other without a blank too.
                if (t > 0 && s > 1 && s % 2 == 1) way = Sum(way, ways[(t - 1) * states + s - 2]);
                ways[t * states + s] = way + logarithms[(isBackward ? steps - 1 - t : t) * symbols + Symbol(isBackward ? states - 1 - s : s)];
            }
        return ways;
    }

    private static double Sum(double a, double b)
    {
        double larger = Math.Max(a, b);
        return double.IsNegativeInfinity(larger) ? larger : larger + Math.Log(Math.Exp(a - larger) + Math.Exp(b - larger));
    }
}
