using System.Numerics;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Matching;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Tests.Training;

namespace FlowVocoder.Tests.Matching;

public class MelMatchingTests
{
    private static readonly MelRecipe s_hifigan = MelRecipe.ByName("hifigan");

    // What a signal of whole hops becomes after some passes towards a mel [bands, frames], as a stream makes it in one go.
    private static float[] Match(MelRecipe recipe, ReadOnlySpan<float> speech, float[] mel, int passes)
    {
        var matching = new MelMatching(recipe);
        var ops = new CpuOps();
        float[] samples = speech.ToArray(), frames = new float[mel.Length];
        MelColumns.Copy(mel, recipe.Bands, 0, frames);
        for (int i = 0; i < passes; i++)
        {
            var targets = new MelTargets(matching, recipe.Bands);
            targets.Append(frames);
            var pass = new MatchingPass(matching);
            float[] first = pass.Push(ops, samples, targets).ToArray();
            samples = [.. first, .. pass.Flush(ops, targets)];
        }
        return samples;
    }

    private static double Distance(MelRecipe recipe, float[] speech, float[] mel)
    {
        float[] own = new MelSpectrogram(recipe).Compute(speech);
        int frames = mel.Length / recipe.Bands, ownFrames = own.Length / recipe.Bands;
        double sum = 0;
        for (int b = 0; b < recipe.Bands; b++)
            for (int i = 0; i < frames; i++) sum += Math.Abs(own[b * ownFrames + i] - mel[b * frames + i]);
        return sum / mel.Length;
    }

    public static TheoryData<string> Recipes => ["hifigan", "nvidia", "espnet", "vocos", "coqui", "flowavenet"];

    [Theory, MemberData(nameof(Recipes))]
    public void A_pass_is_the_definition(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        int size = recipe.FftSize, hop = recipe.HopSize, bins = size / 2 + 1;
        const int frames = 5;
        var random = new Random(1);
        Tensor speech = Samples.Normal(random, 1, 1, (frames - 1) * hop + size, 0.1), targets = new(1, recipe.Bands, frames);
        var matching = new MelMatching(recipe);
        // Within reach of the clamp and of the floor here and there.
        for (int i = 0; i < targets.Size; i++) targets.Span[i] = (float)(-2 + 2.5 * random.NextNormal());
        double[] window = Windows.HannPeriodic(size), sum = new double[speech.Length], squares = new double[size];
        for (int n = 0; n < size; n++)
            for (int m = n % hop; m < size; m += hop) squares[n] += window[m] * window[m];
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        double[] centres = [.. bank.Select(row => row.Select((w, k) => w * k).Sum() / row.Sum())];
        for (int f = 0; f < frames; f++)
        {
            var spectrum = new Complex[size];
            for (int n = 0; n < size; n++) spectrum[n] = speech.Span[f * hop + n] * window[n];
            MathNet.Numerics.IntegralTransforms.Fourier.Forward(spectrum, MathNet.Numerics.IntegralTransforms.FourierOptions.Matlab);
            double[] difference = [.. bank.Select((row, b) =>
            {
                double amplitude = Enumerable.Range(0, bins)
                    .Sum(k => row[k] * Math.Pow(Math.Sqrt(spectrum[k].Magnitude * spectrum[k].Magnitude + recipe.MagnitudeEpsilon), recipe.SpectrumPower));
                return Math.Clamp(targets.Row(0, b)[f] - Math.Log(Math.Max(recipe.Floor, amplitude)), -3, 3);
            })];
            for (int k = 0; k < bins; k++)
            {
                int next = Array.FindIndex(centres, c => c > k);
                double hz = k * (double)recipe.SampleRate / size;
                double interpolated = next == 0 ? difference[0] : next < 0 ? difference[^1] * Math.Clamp(1 - (hz - recipe.MaxFrequency) / 500, 0, 1)
                    : difference[next - 1] + (k - centres[next - 1]) / (centres[next] - centres[next - 1]) * (difference[next] - difference[next - 1]);
                double gain = Math.Exp(1.5 * interpolated / recipe.SpectrumPower);
                spectrum[k] *= gain;
                if (k > 0 && k < size / 2) spectrum[size - k] *= gain;
            }
            MathNet.Numerics.IntegralTransforms.Fourier.Inverse(spectrum, MathNet.Numerics.IntegralTransforms.FourierOptions.Matlab);
            for (int n = 0; n < size; n++) sum[f * hop + n] += squares[n] > 0 ? spectrum[n].Real * window[n] / squares[n] : 0;
        }
        double scale = Math.Sqrt(sum.Average(v => v * v));
        Samples.Close(sum, matching.Pass(new CpuOps(), speech, targets).Span, 2e-5 * scale, name);
    }

    [Theory]
    [InlineData("hifigan")]
    [InlineData("nvidia")]
    [InlineData("espnet")]
    public void Speech_that_has_its_mel_stays_as_it_is_from_the_first_to_the_last_sample(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        float[] speech = Voiced.Speech(40 * recipe.HopSize, 130, 3), mel = new MelSpectrogram(recipe).Compute(speech);
        int frames = mel.Length / recipe.Bands;
        // A vocoder speaks a hop for each frame: of a centred recipe it never sees the one frame more.
        float[] seen = [.. Enumerable.Range(0, recipe.Bands).SelectMany(b => mel[(b * frames)..(b * frames + 40)])];
        float[] matched = Match(recipe, speech, seen, 1);
        Assert.Equal(speech.Length, matched.Length);
        // The mirror image of a mel is that of the mirrored speech but for half a sample of its window.
        for (int t = 0; t < speech.Length; t++)
            Assert.True(Math.Abs(speech[t] - matched[t]) < (t < 1024 || t >= speech.Length - 1024 ? 0.03 : 2e-5),
                $"sample {t} is {matched[t]}, expected {speech[t]}");
    }

    [Fact]
    public void Each_pass_brings_noise_nearer_to_the_mel_of_speech()
    {
        float[] speech = Voiced.Speech(60 * 256, 130, 3), mel = new MelSpectrogram(s_hifigan).Compute(speech);
        var random = new Random(2);
        float[] noise = [.. Enumerable.Range(0, speech.Length).Select(_ => (float)(0.05 * random.NextNormal()))];
        double[] distances = [.. new[] { 0, 1, 2, 4, 8 }.Select(passes => Distance(s_hifigan, Match(s_hifigan, noise, mel, passes), mel))];
        for (int i = 1; i < distances.Length; i++) Assert.True(distances[i] < 0.85 * distances[i - 1], string.Join(", ", distances));
        Assert.True(distances[^1] < 0.2, string.Join(", ", distances));
    }

    [Fact]
    public void Silence_stays_silent()
    {
        var mel = new float[80 * 30];
        Array.Fill(mel, (float)s_hifigan.LowestValue);
        var random = new Random(3);
        float[] quiet = [.. Enumerable.Range(0, 30 * 256).Select(_ => (float)(1e-4 * random.NextNormal()))];
        foreach (int passes in new[] { 1, 4, 8 })
            Assert.True(Match(s_hifigan, quiet, mel, passes).Max(Math.Abs) <= 6e-4, $"{passes} passes");
        Assert.All(Match(s_hifigan, new float[30 * 256], mel, 4), v => Assert.Equal(0, v));
    }

    // Silence, then a click or the burst of a plosive.
    public static TheoryData<string> Onsets => ["click", "plosive"];

    [Theory, MemberData(nameof(Onsets))]
    public void Nothing_is_heard_before_an_onset(string kind)
    {
        const int onset = 20 * 256 + 77;
        var random = new Random(4);
        float[] speech = new float[40 * 256];
        for (int t = onset; t < (kind == "click" ? onset + 1 : speech.Length); t++)
            speech[t] = kind == "click" ? 0.9f : (float)(0.3 * Math.Exp(-(t - onset) / 800.0) * random.NextNormal());
        float[] mel = new MelSpectrogram(s_hifigan).Compute(speech);
        // Spoken with the right onset and the wrong levels, by 6 dB up and down along frequency.
        float[] spoken = Tilted(speech);
        double before = Power(spoken.AsSpan(0, onset - 64)), total = Power(spoken);
        foreach (int passes in new[] { 1, 4, 8 })
        {
            float[] matched = Match(s_hifigan, spoken, mel, passes);
            double echo = Power(matched.AsSpan(0, onset - 64)), now = Power(matched);
            // 30 dB below the whole burst, where masking hides it.
            Assert.True(echo < before + 1e-3 * now, $"{passes} passes: {10 * Math.Log10(echo / now):0.0} dB before the onset");
        }
    }

    private static float[] Tilted(float[] x) => [.. x.Select((v, t) => v - 0.5f * (t > 0 ? x[t - 1] : 0))];

    private static double Power(ReadOnlySpan<float> x)
    {
        double sum = 0;
        foreach (float v in x) sum += (double)v * v;
        return sum;
    }

    [Theory]
    [InlineData("hifigan", 4, 7, 10, 13)]
    [InlineData("nvidia", 3, 6, 9, 12)]
    [InlineData("bigvgan-44k", 4, 7, 10, 13)]
    public void Look_ahead_is_what_the_windows_reach(string name, params int[] expected)
    {
        var framing = new MatchingFrames(MelRecipe.ByName(name));
        Assert.Equal(0, framing.LookAhead(0));
        Assert.Equal(expected, Enumerable.Range(1, 4).Select(framing.LookAhead));
    }

    [Fact]
    public void Frames_beyond_the_ends_are_mirror_images()
    {
        var hopCentred = new MatchingFrames(s_hifigan);
        Assert.Equal(-2, hopCentred.First);
        Assert.Equal([1, 0, 0, 1, 9, 9, 8], new long[] { -2, -1, 0, 1, 9, 10, 11 }.Select(f => hopCentred.Mirrored(f, 10)));
        var centred = new MatchingFrames(MelRecipe.ByName("nvidia"));
        Assert.Equal(-1, centred.First);
        Assert.Equal([2, 1, 0, 1, 9, 9], new long[] { -2, -1, 0, 1, 9, 10 }.Select(f => centred.Mirrored(f, 10)));
        // Of a mel of one frame all are that one.
        Assert.Equal([0, 0, 0, 0], new long[] { -2, -1, 1, 2 }.Select(f => hopCentred.Mirrored(f, 1)));
    }

    [Fact]
    public void A_recipe_whose_windows_do_not_overlap_is_refused()
    {
        MelRecipe sparse = s_hifigan with { Name = "sparse", HopSize = 600 };
        Assert.Contains("hop of 600", Assert.Throws<VocoderException>(() => new MelMatching(sparse)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(33)]
    public void Passes_out_of_range_are_refused(int passes) =>
        Assert.Contains($"match is {passes} passes, expected 0 to 32",
            Assert.Throws<VocoderException>(() => new SynthesisOptions { Match = passes }.Validate()).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_left_open_suits_whole_mels_and_streams()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        Assert.True(model.MatchPasses > 0);
        Assert.Equal(model.MatchPasses, new SynthesisOptions().ForWholeMel(model).Match);
        Assert.Equal(2, new SynthesisOptions { Match = 2 }.ForWholeMel(model).Match);
        Assert.Equal(2, new SynthesisOptions { PitchShift = 1 }.ForWholeMel(model).Match);
        Assert.Equal((1, 0), (new SynthesisOptions().ForStream(model).Match, new SynthesisOptions { Match = 0 }.ForStream(model).Match));
        foreach (var (asked, passes) in ((int?, int)[])[(null, 1), (0, 0), (2, 2)])
            Assert.Equal(model.LatencyWith(passes).Frames,
                model.NewStream(new SynthesisOptions { Match = asked }, new Parallelism(1)).LookAheadFrames);
        Assert.Equal(model.LookAheadFrames + new MatchingFrames(model.Recipe).LookAhead(2), model.LatencyWith(2).Frames);
    }

    [Fact]
    public void A_mel_that_is_smoother_than_recordings_gets_one_pass()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        var random = new Random(6);
        // Independent cells have a mean |second difference| of √(6·2/π) of their deviation.
        float[] mel = [.. Enumerable.Range(0, 80 * 50).Select(_ => (float)(-5 + 0.6 * random.NextNormal()))],
            smooth = [.. mel.Select(v => -5 + 0.4f * (v + 5))];
        Assert.Equal(0.6 * Math.Sqrt(12 / Math.PI), MelSharpness.Of(model.Recipe, mel), 0.03);
        Assert.Equal(0.24 * Math.Sqrt(12 / Math.PI), MelSharpness.Of(model.Recipe, smooth), 0.02);
        Assert.Equal((model.MatchPasses, 1), (new SynthesisOptions().ForWholeMel(model, mel).Match, new SynthesisOptions().ForWholeMel(model, smooth).Match));
        Assert.Equal(4, new SynthesisOptions { Match = 4 }.ForWholeMel(model, smooth).Match);
        Assert.Equal(double.NaN, MelSharpness.Of(model.Recipe, []));
    }

    [Theory]
    [InlineData(-12)]
    [InlineData(0)]
    [InlineData(12)]
    public void The_pitch_that_is_asked_for_comes_out(int semitones)
    {
        // 151 Hz, spoken by a voice that ships.
        VocoderModel model = FlowVocoder.Voices.VoiceLibrary.Load("compact").Model;
        float[] mel = new MelSpectrogram(model.Recipe).Compute(Vowel(151));
        float[] Speak(int? match) =>
            Synthesizer.Synthesize(model, mel, new SynthesisOptions { Sigma = 0.8f, PitchShift = semitones, Match = match }, new Parallelism(2));
        foreach (int? match in new int?[] { null, 4 })
        {
            // Of the periods an octave apart the one that is asked for fits best.
            float[] speech = Speak(match);
            double[] fits = [.. new[] { -12, 0, 12 }.Select(shift => Correlation(speech, 22050 / (151 * Math.Pow(2, shift / 12.0))))];
            double wanted = fits[semitones / 12 + 1];
            Assert.True(wanted > 0.6 && wanted > fits.Max() - 0.02, $"{match} passes: {string.Join(", ", fits)}");
        }
    }

    // Normalised autocorrelation at a period of the middle of a signal.
    private static double Correlation(float[] x, double period)
    {
        int lag = (int)Math.Round(period);
        double sum = 0, a = 0, b = 0;
        for (int t = x.Length / 4; t < x.Length * 3 / 4; t++) (sum, a, b) = (sum + x[t] * x[t + lag], a + x[t] * x[t], b + x[t + lag] * x[t + lag]);
        return sum / Math.Sqrt(a * b);
    }

    // Harmonics through three resonances.
    private static float[] Vowel(double hz)
    {
        double[] x =
            [.. Enumerable.Range(0, 22050).Select(t => Enumerable.Range(1, 50).Sum(k => Math.Pow(k, -0.7) * Math.Cos(2 * Math.PI * k * hz * t / 22050)))];
        foreach (var (f, width) in new[] { (600, 80), (1200, 100), (2500, 150) })
        {
            double r = Math.Exp(-Math.PI * width / 22050), a = 2 * r * Math.Cos(2 * Math.PI * f / 22050);
            for (int t = 2; t < x.Length; t++) x[t] += a * x[t - 1] - r * r * x[t - 2];
        }
        double peak = x.Max(Math.Abs);
        return [.. x.Select(v => (float)(0.5 * v / peak))];
    }

    [Fact]
    public void Gradients_of_a_pass_equal_central_differences()
    {
        MelRecipe small = s_hifigan with { Name = "small", FftSize = 16, WindowSize = 16, HopSize = 4, Bands = 5 };
        var matching = new MelMatching(small);
        var random = new Random(5);
        Tensor targets = Samples.Normal(random, 2, 5, 3, 0.3);
        for (int i = 0; i < targets.Size; i++) targets.Span[i] -= 1;
        GradientCheck.Run((ops, i) => matching.Pass(ops, i[0], targets), Samples.Normal(random, 2, 1, 24));
    }
}
