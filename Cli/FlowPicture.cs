using System.Drawing;
using FlowVocoder.Compute;
using FlowVocoder.Plots;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Cli;

/// <summary>Four views of what a flow has learned of a density of the plane: data, the same points in the latent space, samples, density.</summary>
internal static class FlowPicture
{
    private const int Shown = 3000, Squares = 240, PointsPerLine = 1500;
    private const double DataExtent = 2.4, LatentExtent = 3.6, OutermostCircle = 3;

    // The two moons keep their colours on the way; told apart by the colour-blind.
    private static readonly Color s_upper = Color.FromArgb(0, 92, 170), s_lower = Color.FromArgb(214, 92, 0);
    private static readonly Color s_sample = Color.FromArgb(98, 44, 150), s_net = Color.FromArgb(196, 196, 206);

    public static Picture Render(PlaneModel model, ulong seed, string title, string subtitle)
    {
        Tensor data = PlaneTraining.TestPoints(seed, Shown), samples = model.ToData(PlaneTraining.Noise(seed, Shown));
        PlanePanel dataPanel = new("data x", DataExtent), latentPanel = new("latent z = f(x) of the same points", LatentExtent);
        PlanePanel samplePanel = new("samples x = f⁻¹(z) of normal z", DataExtent), densityPanel = new("density p(x) = N(f(x)) |det ∂f/∂x|", DataExtent);
        Moons(dataPanel, data);
        // A net of circles and rays in the latent space, and where it lies among the data.
        foreach (Tensor line in Net())
        {
            latentPanel.Line(line.Row(0, 0), line.Row(0, 1), s_net);
            Tensor bent = model.ToData(line);
            samplePanel.Line(bent.Row(0, 0), bent.Row(0, 1), s_net);
        }
        Moons(latentPanel, model.ToLatent(data));
        samplePanel.Dots(samples.Row(0, 0), samples.Row(0, 1), s_sample);
        densityPanel.Levels(Levels(model.Density(DataExtent, Squares), data), Squares);
        return PlanePicture.Render(title, subtitle, [dataPanel, latentPanel, samplePanel, densityPanel]);
    }

    // Points of even index are of the upper moon.
    private static void Moons(PlanePanel panel, Tensor points)
    {
        float[] x = points.Row(0, 0).ToArray(), y = points.Row(0, 1).ToArray();
        panel.Dots(Every(x, 0), Every(y, 0), s_upper);
        panel.Dots(Every(x, 1), Every(y, 1), s_lower);

        static float[] Every(float[] values, int first) => [.. values.Where((_, i) => i % 2 == first)];
    }

    private static IEnumerable<Tensor> Net()
    {
        for (double radius = 0.5; radius <= OutermostCircle; radius += 0.5) yield return Line(t => (radius, 2 * Math.PI * t));
        for (int ray = 0; ray < 12; ray++)
        {
            double angle = 2 * Math.PI * ray / 12;
            yield return Line(t => (OutermostCircle * t, angle));
        }
    }

    private static Tensor Line(Func<double, (double Radius, double Angle)> at)
    {
        var line = new Tensor(1, 2, PointsPerLine);
        for (int i = 0; i < PointsPerLine; i++)
        {
            var (radius, angle) = at(i / (PointsPerLine - 1.0));
            (line.Row(0, 0)[i], line.Row(0, 1)[i]) = ((float)(radius * Math.Cos(angle)), (float)(radius * Math.Sin(angle)));
        }
        return line;
    }

    // The root shows what little a flow leaves between the moons. The scale ends where the density that is learned does, so that pictures of several flows
    // compare.
    private static float[] Levels(float[] density, Tensor data)
    {
        float most = MathF.Exp(System.Numerics.Tensors.TensorPrimitives.Max<float>(TwoMoons.LogDensity(new CpuOps(), data).Span));
        return [.. density.Select(p => MathF.Sqrt(p / most))];
    }
}
