using System.Numerics;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class LogMelLossTests
{
    private const int Hop = 16, Hops = 7, Windows = 4;

    // √(0² + 1e-4): the smoothing of |·| at 0.
    private const double Floor = 0.01;
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("hifigan") with
    {
        Name = "small", FftSize = 64, WindowSize = 64, HopSize = Hop, Bands = 8, Centering = MelCentering.Centered, MagnitudeEpsilon = 0, Floor = 1e-6,
    };

    private static Tensor Normal(Random random, int batch = 2, double scale = 1) => Samples.Normal(random, batch, 1, Hops * Hop, scale);

    private static Tensor Repulsion(float factor = 1)
    {
        var r = new Tensor(2, 8, Windows);
        r.Span.Fill(factor);
        return r;
    }

    /// <summary>ln(bank·√(|DFT(window·x)|² + 1e-9) + floor), each window transformed by the defining sum.</summary>
    private static double[] NaiveLogMel(MelRecipe recipe, double[] x)
    {
        int size = recipe.FftSize, w = recipe.WindowSize, pad = (size - w) / 2;
        double[][] bank = recipe.Bands == size / 2 + 1 ? Identity(recipe.Bands) : new MelFilterBank(recipe).ToMatrix();
        var result = new double[Windows * recipe.Bands];
        for (int i = 0; i < Windows; i++)
        {
            double[] magnitude = [.. Enumerable.Range(0, size / 2 + 1).Select(bin =>
            {
                Complex sum = 0;
                for (int n = 0; n < w; n++)
                    sum += x[i * Hop + pad + n] * (0.5 - 0.5 * Math.Cos(2 * Math.PI * n / w)) * Complex.FromPolarCoordinates(1, -2 * Math.PI * bin * n / size);
                double root = Math.Sqrt(sum.Magnitude * sum.Magnitude + 1e-9);
                return recipe.SpectrumPower == 2 ? root * root : root;
            })];
            for (int b = 0; b < recipe.Bands; b++) result[i * recipe.Bands + b] = Math.Log(
                bank[b].Zip(magnitude).Sum(p => p.First * p.Second) + (bank.Length == size / 2 + 1 ? 1e-3 : recipe.Floor));
        }
        return result;
    }

    private static double[][] Identity(int size) =>
        [.. Enumerable.Range(0, size).Select(i => Enumerable.Range(0, size).Select(k => k == i ? 1.0 : 0).ToArray())];

    private static double[] Item(Tensor x, int batch) => [.. x.Row(batch, 0).ToArray().Select(v => (double)v)];

    private static double[][] LogMels(MelRecipe recipe, double[][] x) => [.. x.Select(item => NaiveLogMel(recipe, item))];

    private static double Distance(double[][] a, double[][] b) =>
        a.SelectMany(item => item).Zip(b.SelectMany(item => item), (p, q) => Math.Sqrt((p - q) * (p - q) + 1e-4)).Average();

    [Theory, InlineData(1), InlineData(2)]
    public void Mels_are_of_magnitudes_or_powers_as_the_recipe_has_them(int power)
    {
        MelRecipe recipe = s_recipe with { SpectrumPower = power, Floor = 1e-4 };
        var random = new Random(22);
        Tensor x = Normal(random, scale: 0.1), y = Normal(random, scale: 0.3);
        double expected = Distance(LogMels(recipe, [Item(x, 0), Item(x, 1)]), LogMels(recipe, [Item(y, 0), Item(y, 1)]));
        Assert.Equal(expected, new LogMelLoss(recipe).Apply(new CpuOps(), x, y).Item, 1e-4);
        // In the units of the recipe's own mels: a power counts its decibels double.
        Assert.InRange(expected, power * 0.7, power * 1.6);
    }

    [Fact]
    public void Energy_distance_is_half_of_both_distances_less_that_of_the_two_generations()
    {
        var random = new Random(21);
        Tensor x = Normal(random), again = Normal(random), y = Normal(random);
        var loss = new LogMelLoss(s_recipe);
        double Distance(Tensor p, Tensor q) => loss.Apply(new CpuOps(), p, q).Item;
        double score = loss.EnergyDistance(new CpuOps(), x, again, y, Repulsion(), out double plain).Item;
        Assert.Equal(0.5 * (Distance(x, y) + Distance(again, y) - Distance(x, again)), score, 1e-5);
        Assert.Equal(Distance(x, y), plain, 1e-6);
        // The factor counts window by window: the first two take half of the last term, the others none of it.
        Tensor half = Repulsion(0);
        for (int row = 0; row < 16; row++) half.Row(0, row)[..2].Fill(0.5f);
        double[][] a = LogMels(s_recipe, [Item(x, 0), Item(x, 1)]), b = LogMels(s_recipe, [Item(again, 0), Item(again, 1)]);
        double early = LogMelLossTests.Distance([.. a.Select(item => item[..16])], [.. b.Select(item => item[..16])]) / 2;
        Assert.Equal(0.5 * (Distance(x, y) + Distance(again, y) - 0.5 * early), loss.EnergyDistance(new CpuOps(), x, again, y, half, out _).Item, 1e-5);
        Assert.Equal(Distance(x, y), loss.EnergyDistance(new CpuOps(), x, null, y, Repulsion(), out _).Item, 1e-6);
    }

    [Fact]
    public void Energy_distance_prefers_noise_where_the_plain_distance_prefers_a_frozen_signal()
    {
        // The recordings are noise. Some one signal is nearer to all of them than noise is on average.
        var loss = new LogMelLoss(s_recipe);
        var random = new Random(22);
        Tensor[] recordings = [.. Enumerable.Range(0, 20).Select(_ => Normal(random))];
        double Plain(Tensor x) => recordings.Average(y => (double)loss.Apply(new CpuOps(), x, y).Item);
        double Energy(Func<Tensor> generate) =>
            recordings.Average(y => (double)loss.EnergyDistance(new CpuOps(), generate(), generate(), y, Repulsion(), out _).Item);
        Tensor[] candidates = [.. Enumerable.Range(0, 30).Select(_ => Normal(random))];
        Tensor frozen = candidates.MinBy(Plain)!;
        double plainFrozen = Plain(frozen), plainNoise = candidates.Average(Plain), energyFrozen = Energy(() => frozen),
            energyNoise = Energy(() => Normal(random));
        Assert.True(plainFrozen < plainNoise, $"plain: frozen {plainFrozen}, noise {plainNoise}");
        Assert.True(energyNoise < energyFrozen, $"energy: frozen {energyFrozen}, noise {energyNoise}");
    }

    private static double Apply(MelRecipe recipe, Tensor generated, Tensor recorded) =>
        new LogMelLoss(recipe).Apply(new CpuOps(), generated, recorded).Item;

    [Fact]
    public void Equal_signals_are_at_the_floor_of_the_smoothing()
    {
        var random = new Random(1);
        Tensor x = Normal(random);
        Assert.Equal(Floor, Apply(s_recipe, x, Tensor.From(x.Span, 2, 1, Hops * Hop)), 1e-7);
    }

    [Fact]
    public void A_gain_is_its_logarithm()
    {
        var random = new Random(2);
        Tensor x = Normal(random), louder = Tensor.From(x.Span, 2, 1, Hops * Hop);
        for (int i = 0; i < x.Size; i++) louder.Span[i] *= 3;
        // The floors under root and logarithm give way a little.
        Assert.Equal(Math.Sqrt(Math.Log(3) * Math.Log(3) + 1e-4), Apply(s_recipe, louder, x), 1e-3);
    }

    [Theory]
    [InlineData(64, 8)]
    [InlineData(48, 8)]
    [InlineData(64, 33)]
    public void Equals_the_definition_with_its_gradient(int window, int bands)
    {
        MelRecipe recipe = s_recipe with { WindowSize = window, Bands = bands };
        var random = new Random(3);
        Tensor generated = Normal(random, scale: 0.7).AsParameter(), recorded = Normal(random, scale: 1.5);
        var loss = new LogMelLoss(recipe);
        Assert.Equal((33, Windows, 16 + 32), (loss.Spectrum.Bins, loss.Spectrum.Windows(Hops * Hop), loss.Spectrum.Centre(1)));
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor result = loss.Apply(ops, generated, recorded);
        double[][] x = [Item(generated, 0), Item(generated, 1)], target = LogMels(recipe, [Item(recorded, 0), Item(recorded, 1)]);
        Assert.Equal(Distance(LogMels(recipe, x), target), result.Item, 1e-5);

        tape.Backward(result);
        foreach (int i in Enumerable.Range(0, generated.Size).OrderBy(_ => random.Next()).Take(30))
        {
            double Shifted(double by)
            {
                x[i / (Hops * Hop)][i % (Hops * Hop)] += by;
                double distance = Distance(LogMels(recipe, x), target);
                x[i / (Hops * Hop)][i % (Hops * Hop)] -= by;
                return distance;
            }
            // Gradients are of the size 0.5/224, one sample's share of the loss.
            Assert.Equal((Shifted(1e-5) - Shifted(-1e-5)) / 2e-5, generated.Grad!.Span[i], 2e-6);
        }
        Assert.Null(recorded.Grad);
    }

    [Fact]
    public void The_log_mel_is_that_of_the_recipe()
    {
        var random = new Random(4);
        Tensor a = Normal(random, 1), b = Normal(random, 1, 2);
        var spectrogram = new MelSpectrogram(s_recipe);
        float[] melA = spectrogram.Compute(a.Span), melB = spectrogram.Compute(b.Span);
        // A centred frame i starts half a window, two hops, before sample hop·i: window i is frame i + 2.
        const int shift = 2, frames = Hops + 1;
        double expected = 0;
        for (int band = 0; band < 8; band++)
            for (int i = 0; i < Windows; i++)
            {
                double d = melA[band * frames + i + shift] - melB[band * frames + i + shift];
                expected += Math.Sqrt(d * d + 1e-4) / (8 * Windows);
            }
        Assert.Equal(expected, Apply(s_recipe, a, b), 1e-3);
    }

    [Fact]
    public void The_recipe_of_voices_agrees_too_one_window_at_a_time()
    {
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        var random = new Random(5);
        Tensor a = Samples.Normal(random, 1, 1, 1024), b = Samples.Normal(random, 1, 1, 1024, 0.5);
        float[] Frame(Tensor x)
        {
            var mel = new float[80];
            new MelSpectrogram(recipe).Frame(Item(x, 0), mel);
            return mel;
        }
        double expected = Frame(a).Zip(Frame(b), (p, q) => Math.Sqrt((p - q) * (double)(p - q) + 1e-4)).Average();
        Assert.Equal(expected, Apply(recipe, a, b), 1e-4);
    }

    [Fact]
    public void A_sine_of_the_frequency_of_a_band_is_loudest_there()
    {
        foreach (MelRecipe recipe in LogMelLoss.Resolutions(MelRecipe.ByName("hifigan")).SkipLast(1))
        {
            var loss = new LogMelLoss(recipe);
            for (int band = recipe.Bands / 4; band < recipe.Bands; band++)
            {
                float[] sine = [.. Enumerable.Range(0, 8 * recipe.WindowSize)
                    .Select(t => (float)Math.Sin(2 * Math.PI * loss.Frequency(band) * t / recipe.SampleRate))];
                float[] mel = new MelSpectrogram(recipe).Compute(sine);
                int frames = mel.Length / recipe.Bands;
                Assert.Equal(band, Enumerable.Range(0, recipe.Bands).MaxBy(b => mel[b * frames + frames / 2]));
            }
        }
    }
}
