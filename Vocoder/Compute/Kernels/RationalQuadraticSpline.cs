namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// A monotone rational-quadratic spline of K bins on [-bound, bound], the identity outside (Gregory and Delbourgo 1982; Durkan et al. 2019,
/// "Neural spline flows", sec. 3.1, with linear tails). Its 3K - 1 free parameters are K widths and K heights before a softmax and the K - 1
/// inner slopes before a softplus; all zero is the identity. Computed in double.
/// </summary>
internal readonly ref struct RationalQuadraticSpline
{
    // No bin narrower than this part of the interval and no slope below it, as published, so that neither direction divides by nearly 0.
    private const double MinBin = 1e-3, MinSlope = 1e-3;

    // softplus(0 + Offset) + MinSlope = 1, the slope of the tails.
    private static readonly double s_offset = Math.Log(Math.Exp(1 - MinSlope) - 1);

    private readonly ReadOnlySpan<double> _parameters;
    private readonly Span<double> _widths, _heights;
    private readonly double _bound;
    private readonly int _bins;

    /// <summary>Takes the place of the parameters, which <see cref="Prepare"/> reads.</summary>
    /// <param name="parameters">Widths, heights, slopes: 3K - 1 numbers.</param>
    /// <param name="bound">Half of the interval, above 0.</param>
    /// <param name="scratch">Room for 2K numbers as long as the spline is used.</param>
    public RationalQuadraticSpline(ReadOnlySpan<double> parameters, double bound, Span<double> scratch)
    {
        _bins = (parameters.Length + 1) / 3;
        _bound = bound;
        _parameters = parameters;
        _widths = scratch[.._bins];
        _heights = scratch.Slice(_bins, _bins);
    }

    /// <summary>Computes the bins, whenever parameters were written.</summary>
    public void Prepare()
    {
        Sizes(_parameters[.._bins], _widths);
        Sizes(_parameters.Slice(_bins, _bins), _heights);
    }

    /// <summary>y and log dy/dx (Durkan et al., eq. 4 and 5).</summary>
    public (double Y, double LogSlope) Forward(double x)
    {
        if (!(Math.Abs(x) <= _bound)) return (x, 0);
        Bin bin = Find(x, _widths, _heights);
        double position = (x - bin.X) / bin.Width, q = position * (1 - position), s = bin.Height / bin.Width;
        double denominator = s + (bin.Right + bin.Left - 2 * s) * q;
        double y = bin.Y + bin.Height * (s * position * position + bin.Left * q) / denominator;
        double numerator = bin.Right * position * position + 2 * s * q + bin.Left * (1 - position) * (1 - position);
        return (y, 2 * Math.Log(s) + Math.Log(numerator) - 2 * Math.Log(denominator));
    }

    /// <summary>x of y: the root of a quadratic that lies in the bin (eq. 6 to 8), in the form that does not cancel.</summary>
    public double Inverse(double y)
    {
        if (!(Math.Abs(y) <= _bound)) return y;
        Bin bin = Find(y, _heights, _widths).Swapped;
        double s = bin.Height / bin.Width, curvature = bin.Right + bin.Left - 2 * s, above = y - bin.Y;
        double a = bin.Height * (s - bin.Left) + above * curvature, b = bin.Height * bin.Left - above * curvature, c = -s * above;
        double root = Math.Sqrt(Math.Max(b * b - 4 * a * c, 0));
        return bin.X + bin.Width * (2 * c / (-b - root));
    }

    /// <summary>
    /// For a loss with derivatives <paramref name="dy"/> and <paramref name="dLogSlope"/> by the results of <see cref="Forward"/> at
    /// <paramref name="x"/>: its derivative by x is returned, those by the parameters are added to <paramref name="gradient"/>.
    /// </summary>
    public double AddGradient(double x, double dy, double dLogSlope, Span<double> gradient)
    {
        if (!(Math.Abs(x) <= _bound)) return dy;
        Bin bin = Find(x, _widths, _heights);
        double position = (x - bin.X) / bin.Width, rest = 1 - position, q = position * rest, s = bin.Height / bin.Width;
        double curvature = bin.Right + bin.Left - 2 * s, denominator = s + curvature * q, part = s * position * position + bin.Left * q;
        double numerator = bin.Right * position * position + 2 * s * q + bin.Left * rest * rest;
        // Backwards through the three expressions of Forward: y = Y + H·part / denominator, log slope = 2 log s + log numerator - 2 log denominator.
        double dPart = dy * bin.Height / denominator, dNumerator = dLogSlope / numerator;
        double dDenominator = -dPart * part / denominator - 2 * dLogSlope / denominator;
        double dSlope = dPart * position * position + dDenominator * (1 - 2 * q) + dNumerator * 2 * q + 2 * dLogSlope / s;
        double dLeft = (dPart + dDenominator) * q + dNumerator * rest * rest, dRight = dDenominator * q + dNumerator * position * position;
        double dq = dPart * bin.Left + dDenominator * curvature + dNumerator * 2 * s;
        double dPosition = dq * (1 - 2 * position) + dPart * 2 * s * position + dNumerator * 2 * (bin.Right * position - bin.Left * rest);
        double dx = dPosition / bin.Width;
        AddSizes(gradient[.._bins], _widths, bin.Index, -dx, -(dSlope * s + dPosition * position) / bin.Width);
        AddSizes(gradient.Slice(_bins, _bins), _heights, bin.Index, dy, dy * part / denominator + dSlope / bin.Width);
        AddSlope(gradient, bin.Index, dLeft);
        AddSlope(gradient, bin.Index + 1, dRight);
        return dx;
    }

    private readonly record struct Bin(int Index, double X, double Width, double Y, double Height, double Left, double Right)
    {
        public Bin Swapped => new(Index, Y, Height, X, Width, Left, Right);
    }

    // The bin of a value by the sizes along its own axis.
    private Bin Find(double value, Span<double> along, Span<double> across)
    {
        double a = -_bound, b = -_bound;
        int k = 0;
        for (; k < _bins - 1 && value >= a + along[k]; k++)
        {
            a += along[k];
            b += across[k];
        }
        return new Bin(k, a, along[k], b, across[k], Slope(k), Slope(k + 1));
    }

    // Slope at a knot; 1 at both ends, where the tails begin.
    private double Slope(int knot)
    {
        if (knot == 0 || knot == _bins) return 1;
        double u = _parameters[2 * _bins + knot - 1] + s_offset;
        return MinSlope + Math.Max(u, 0) + Math.Log(1 + Math.Exp(-Math.Abs(u)));
    }

    private void AddSlope(Span<double> gradient, int knot, double amount)
    {
        if (knot == 0 || knot == _bins) return;
        int at = 2 * _bins + knot - 1;
        gradient[at] += amount / (1 + Math.Exp(-_parameters[at] - s_offset));
    }

    // Sizes of the bins along one axis: softmax, a least size each, and the interval as their sum.
    private void Sizes(ReadOnlySpan<double> parameters, Span<double> sizes)
    {
        double most = double.NegativeInfinity, sum = 0;
        foreach (double u in parameters) most = Math.Max(most, u);
        for (int k = 0; k < _bins; k++) sum += sizes[k] = Math.Exp(parameters[k] - most);
        for (int k = 0; k < _bins; k++) sizes[k] = 2 * _bound * (MinBin + (1 - MinBin * _bins) * sizes[k] / sum);
    }

    // The start of the bin is the sum of the sizes before it: d sum / d u_j = Σ_i d size_i / d u_j, with the Jacobian of the softmax.
    private void AddSizes(Span<double> gradient, Span<double> sizes, int bin, double dStart, double dSize)
    {
        double scale = 2 * _bound * (1 - MinBin * _bins), mean = 0;
        for (int k = 0; k <= bin; k++) mean += Share(sizes[k], scale) * (k < bin ? dStart : dSize);
        for (int k = 0; k < _bins; k++) gradient[k] += scale * Share(sizes[k], scale) * ((k < bin ? dStart : k == bin ? dSize : 0) - mean);
    }

    private double Share(double size, double scale) => (size - 2 * _bound * MinBin) / scale;
}
