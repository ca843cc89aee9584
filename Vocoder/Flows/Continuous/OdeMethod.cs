namespace FlowVocoder.Flows;

/// <summary>
/// An explicit Runge–Kutta method: stage i is taken at t + c_i·h from x + h·Σ_j a_ij·k_j, and the step is h·Σ_i b_i·k_i (Hairer, Nørsett and Wanner 1993, sec.
/// II.1).
/// </summary>
public sealed class OdeMethod
{
    private OdeMethod(string name, int order, double[][] a, double[] b, double[]? error = null)
    {
        (Name, Order, A, B, Error) = (name, order, a, b, error);
        C = [.. a.Select(row => row.Sum())];
    }

    /// <summary>As typed.</summary>
    public string Name { get; }

    /// <summary>Order: the error of an integral falls with this power of the step.</summary>
    public int Order { get; }

    /// <summary>Evaluations of the vector field in a step.</summary>
    public int Stages => B.Count;

    /// <summary>Weights of earlier stages in each stage.</summary>
    public IReadOnlyList<double[]> A { get; }

    /// <summary>Weights of the stages in the step.</summary>
    public IReadOnlyList<double> B { get; }

    /// <summary>Time of each stage.</summary>
    public IReadOnlyList<double> C { get; }

    /// <summary>Weights of the stages in the estimate of the step's error, or null where there is none.</summary>
    public IReadOnlyList<double>? Error { get; }

    /// <summary>Euler's method.</summary>
    public static OdeMethod Euler { get; } = new("euler", 1, [[]], [1]);

    /// <summary>The midpoint rule.</summary>
    public static OdeMethod Midpoint { get; } = new("midpoint", 2, [[], [0.5]], [0, 1]);

    /// <summary>The classical method of Runge and Kutta. What torchdiffeq calls rk4 is the <see cref="ThreeEighths"/> rule.</summary>
    public static OdeMethod Rk4 { get; } = new("rk4", 4, [[], [0.5], [0, 0.5], [0, 0, 1]], [1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0]);

    /// <summary>Kutta's 3/8 rule.</summary>
    public static OdeMethod ThreeEighths { get; } = new("rk4-38", 4, [[], [1 / 3.0], [-1 / 3.0, 1], [1, -1, 1]], [1 / 8.0, 3 / 8.0, 3 / 8.0, 1 / 8.0]);

    /// <summary>Dormand and Prince 1980, of order 5 with an error estimate from one of order 4.</summary>
    public static OdeMethod DormandPrince { get; } = new("dopri5", 5,
    [
        [], [1 / 5.0], [3 / 40.0, 9 / 40.0], [44 / 45.0, -56 / 15.0, 32 / 9.0], [19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0],
        [9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0], [35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0],
    ],
    [35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0, 0],
    [71 / 57600.0, 0, -71 / 16695.0, 71 / 1920.0, -17253 / 339200.0, 22 / 525.0, -1 / 40.0]);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OdeMethod> All { get; } = [Euler, Midpoint, Rk4, ThreeEighths, DormandPrince];

    /// <summary>The method of a name.</summary>
    /// <exception cref="VocoderException">There is none of that name.</exception>
    public static OdeMethod ByName(string name) => All.FirstOrDefault(method => method.Name == name)
        ?? throw new VocoderException($"there is no solver '{name}', expected one of {string.Join(", ", All.Select(method => method.Name))}");
}
