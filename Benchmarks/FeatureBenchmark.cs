using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Benchmarks;

/// <summary>What is computed from recordings, on one thread, with the transform of NWaves beside the float32 kernel of hot loops.</summary>
internal static class FeatureBenchmark
{
    /// <summary>Measures and prints the table.</summary>
    public static void Run()
    {
        Machine.Print();
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        var noise = new Tensor(1, 1, recipe.SampleRate);
        new Philox(1).Normal(noise.Span, 0, 0, 0);
        float[] audio = noise.Span.ToArray();
        var mel = new MelSpectrogram(recipe);
        int frames = mel.FrameCount(audio.Length);
        double[] samples = Array.ConvertAll(audio[..recipe.FftSize], s => (double)s);
        float[] column = new float[recipe.Bands];
        var stft = new Stft(recipe.FftSize, recipe.WindowSize, recipe.HopSize);
        double[] re = new double[stft.Bins], im = new double[stft.Bins];
        Tensor window = Windows.Frame(recipe), signal = Tensor.From(audio, 1, 1, audio.Length);
        var ops = new CpuOps(new Parallelism(1));
        double transform = Clock.Shortest(() =>
        {
            for (int f = 0; f < frames; f++) stft.Frame(samples, re, im);
        });
        _ = new MarkdownTable("one second of audio", "ms", "of real time", "of the transforms by NWaves");
        Row("transforms of the mel's frames, NWaves", transform);
        Row("the same by the kernel of losses and matching", Clock.Shortest(() => ops.Stft(signal, window, recipe.HopSize)));
        Row("mel spectrogram", Clock.Shortest(() =>
        {
            for (int f = 0; f < frames; f++) mel.Frame(samples, column);
        }));
        var tracker = new PitchTracker(recipe);
        Row("pitch", Clock.Shortest(() => tracker.Track(audio, frames)));
        var griffinLim = new GriffinLim(recipe);
        float[] values = mel.Compute(audio);
        Row("Griffin-Lim, 32 iterations", Clock.Shortest(() => griffinLim.Synthesize(values)));

        void Row(string what, double seconds) => MarkdownTable.Row($"{what}", $"{1000 * seconds:0.00}", $"{seconds:0.000 %}", $"{seconds / transform:0.00} ×");
    }
}
