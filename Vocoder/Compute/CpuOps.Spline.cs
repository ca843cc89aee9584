using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private const int MaxBins = 256;

    /// <inheritdoc/>
    public override Tensor Spline(Tensor x, Tensor parameters, float bound)
    {
        RequireSpline(x, parameters, bound);
        var y = Rent(x.Batch, 2 * x.Channels, x.Length);
        var loop = new SplineLoop(x, parameters, bound, stackalloc double[SplineLoop.Room(x, parameters)]);
        for (int b = 0; b < x.Batch; b++)
            for (int c = 0; c < x.Channels; c++)
                for (int t = 0; t < x.Length; t++)
                {
                    var (value, logSlope) = loop.At(b, c, t).Forward(x.Row(b, c)[t]);
                    y.Row(b, c)[t] = (float)value;
                    y.Row(b, x.Channels + c)[t] = (float)logSlope;
                }
        Record(y, x, parameters, null, bound, static (ops, y, x, parameters, _, bound) =>
        {
            Tensor dy = y.Grad!;
            Tensor? dx = x.RequiresGrad ? ops.GradientOf(x) : null, dp = parameters.RequiresGrad ? ops.GradientOf(parameters) : null;
            var loop = new SplineLoop(x, parameters, bound, stackalloc double[SplineLoop.Room(x, parameters)]);
            for (int b = 0; b < x.Batch; b++)
                for (int c = 0; c < x.Channels; c++)
                    for (int t = 0; t < x.Length; t++)
                    {
                        double d = loop.At(b, c, t).AddGradient(x.Row(b, c)[t], dy.Row(b, c)[t], dy.Row(b, x.Channels + c)[t], loop.Gradient);
                        if (dx != null) dx.Row(b, c)[t] += (float)d;
                        loop.Collect(dp, b, c, t);
                    }
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SplineInverse(Tensor y, Tensor parameters, float bound)
    {
        RequireSpline(y, parameters, bound);
        var x = RentLike(y);
        var loop = new SplineLoop(y, parameters, bound, stackalloc double[SplineLoop.Room(y, parameters)]);
        for (int b = 0; b < y.Batch; b++)
            for (int c = 0; c < y.Channels; c++)
                for (int t = 0; t < y.Length; t++) x.Row(b, c)[t] = (float)loop.At(b, c, t).Inverse(y.Row(b, c)[t]);
        Record(x, y, parameters, null, bound, static (ops, x, y, parameters, _, bound) =>
        {
            // From y = f(x, p): dx/dy = 1/f' and dx/dp = -(df/dp)/f'.
            Tensor? dy = y.RequiresGrad ? ops.GradientOf(y) : null, dp = parameters.RequiresGrad ? ops.GradientOf(parameters) : null;
            var loop = new SplineLoop(x, parameters, bound, stackalloc double[SplineLoop.Room(x, parameters)]);
            for (int b = 0; b < x.Batch; b++)
                for (int c = 0; c < x.Channels; c++)
                    for (int t = 0; t < x.Length; t++)
                    {
                        RationalQuadraticSpline spline = loop.At(b, c, t);
                        double d = x.Grad!.Row(b, c)[t] / Math.Exp(spline.Forward(x.Row(b, c)[t]).LogSlope);
                        if (dy != null) dy.Row(b, c)[t] += (float)d;
                        spline.AddGradient(x.Row(b, c)[t], -d, 0, loop.Gradient);
                        loop.Collect(dp, b, c, t);
                    }
        });
        return x;
    }

    private static void RequireSpline(Tensor x, Tensor parameters, float bound)
    {
        int each = parameters.Channels / Math.Max(1, x.Channels);
        Require(parameters.Channels == each * x.Channels && each >= 2 && each % 3 == 2 && each < 3 * MaxBins,
            $"{parameters.Channels} spline parameters are not 3K - 1 for each of {x.Channels} channels, K at most {MaxBins}");
        Require(SplineLoop.IsShared(parameters) || (parameters.Batch == x.Batch && parameters.Length == x.Length),
            $"spline parameters {parameters.Shape} do not fit {x.Shape}");
        Require(bound > 0, $"the bound of a spline is {bound}, expected more than 0");
    }

    // Walks over the splines of a tensor: gathers the parameters of one, and scatters their gradient.
    private readonly ref struct SplineLoop
    {
        private readonly Tensor _parameters;
        private readonly Span<double> _values;
        private readonly RationalQuadraticSpline _spline;
        private readonly bool _shared;

        public SplineLoop(Tensor x, Tensor parameters, float bound, Span<double> room)
        {
            int each = parameters.Channels / x.Channels;
            _parameters = parameters;
            _shared = IsShared(parameters);
            _values = room[..each];
            Gradient = room.Slice(each, each);
            Gradient.Clear();
            _spline = new RationalQuadraticSpline(_values, bound, room[(2 * each)..]);
        }

        /// <summary>Of the spline that was asked for last.</summary>
        public Span<double> Gradient { get; }

        public static int Room(Tensor x, Tensor parameters) => 3 * (parameters.Channels / x.Channels);

        public static bool IsShared(Tensor parameters) => parameters.Batch == 1 && parameters.Length == 1;

        public RationalQuadraticSpline At(int b, int c, int t)
        {
            if (_shared && t > 0) return _spline;
            for (int i = 0; i < _values.Length; i++) _values[i] = Channel(_parameters, b, c, i)[_shared ? 0 : t];
            _spline.Prepare();
            return _spline;
        }

        public void Collect(Tensor? target, int b, int c, int t)
        {
            for (int i = 0; target != null && i < Gradient.Length; i++) Channel(target, b, c, i)[_shared ? 0 : t] += (float)Gradient[i];
            Gradient.Clear();
        }

        private Span<float> Channel(Tensor parameters, int b, int c, int i) => parameters.Row(_shared ? 0 : b, c * _values.Length + i);
    }
}
