using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Tests.Conditioners;

/// <summary>WaveGlow's WaveNet (Prenger et al. 2018, sec. 2.1) written out in loops and double, from the named weights.</summary>
internal sealed class NaiveWaveNet(ParameterSet parameters)
{
    public double[][] Run(WaveNetConfig config, double[][] x, double[][] condition)
    {
        int channels = config.Channels;
        double[][] hidden = Convolve("start", x, 1, true), conditioned = condition.Length == 0 ? [] : Convolve("cond_layer", condition, 1, true), skip = [];
        for (int i = 0; i < config.Layers; i++)
        {
            double[][] a = Convolve($"in_layers.{i}", hidden, 1 << i, config.Causal);
            if (conditioned.Length > 0) a = Sum(a, conditioned[(2 * channels * i)..(2 * channels * (i + 1))]);
            double[][] gated = [.. Enumerable.Range(0, channels).Select(c => a[c].Zip(a[channels + c], (f, g) => Math.Tanh(f) / (1 + Math.Exp(-g))).ToArray())];
            double[][] resSkip = Convolve($"res_skip_layers.{i}", gated, 1, true);
            if (i < config.Layers - 1) hidden = Sum(hidden, resSkip[..channels]);
            double[][] contribution = resSkip[^channels..];
            skip = i == 0 ? contribution : Sum(skip, contribution);
        }
        return Convolve("end", skip, 1, true);
    }

    private static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, (u, v) => u.Zip(v, (p, q) => p + q).ToArray())];

    private float[]? Find(string name) => parameters.Items.SingleOrDefault(p => p.Name == name)?.Value.Span.ToArray();

    private double[][] Convolve(string layer, double[][] x, int dilation, bool causal)
    {
        float[] bias = Find($"{layer}.bias")!, v = Find($"{layer}.weight_v") ?? Find($"{layer}.weight")!;
        float[]? gain = Find($"{layer}.weight_g");
        int outputs = bias.Length, taps = v.Length / outputs / x.Length, length = x[0].Length, left = (taps - 1) * dilation / (causal ? 1 : 2);
        var y = new double[outputs][];
        for (int o = 0; o < outputs; o++)
        {
            float[] row = v[(o * x.Length * taps)..((o + 1) * x.Length * taps)];
            double scale = gain == null ? 1 : gain[o] / Math.Sqrt(row.Sum(w => (double)w * w));
            y[o] = new double[length];
            for (int t = 0; t < length; t++)
            {
                y[o][t] = bias[o];
                for (int c = 0; c < x.Length; c++)
                    for (int k = 0; k < taps; k++)
                    {
                        int s = t + k * dilation - left;
                        if (s >= 0 && s < length) y[o][t] += scale * row[c * taps + k] * x[c][s];
                    }
            }
        }
        return y;
    }
}
