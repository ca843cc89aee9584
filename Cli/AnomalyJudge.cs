using System.Collections.Concurrent;
using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Plots;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Holds recordings against normal ones, and says what stands out.</summary>
internal sealed class AnomalyJudge(LoadedVoice voice, Parallelism parallelism, Terminal terminal)
{
    // Stretches that are fewer frames apart are told as one.
    private const int Bridged = 3;

    private readonly MelRecipe _recipe = voice.Model.Recipe;

    /// <summary>Recordings that <see cref="Fit"/> could use.</summary>
    public int Fitted { get; private set; }

    /// <summary>Length of a window: what lasts shows there before it shows in single frames.</summary>
    public double WindowSeconds => WindowFrames * SecondsPerFrame;

    private int WindowFrames => Math.Max(1, (int)Math.Round(1 / SecondsPerFrame));

    private double SecondsPerFrame => (double)_recipe.HopSize / _recipe.SampleRate;

    /// <summary>Learns from recordings of normal speech; one that holds none is named and left out.</summary>
    /// <exception cref="VocoderException">None of them holds speech, or all together too little.</exception>
    public AnomalyDetector Fit(IReadOnlyList<string> files, double falseAlarms)
    {
        var surprises = new double[files.Count][];
        var left = new ConcurrentBag<string>();
        if (voice.Model.ScoresStepByStep)
            StepByStepCost.TellScoring(voice, files.Sum(file => Recording.Read(file, _recipe.SampleRate).Samples.LongLength) / _recipe.HopSize, terminal);
        // Each recording is one thread's.
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism.Threads, CancellationToken = terminal.Cancellation };
        Parallel.For(0, files.Count, options, i =>
        {
            try
            {
                surprises[i] = Surprise(files[i], Recording.Read(files[i], _recipe.SampleRate).Samples, new Parallelism(1));
            }
            catch (VocoderException e)
            {
                left.Add(e.Message);
            }
        });
        foreach (string reason in left.Order(StringComparer.Ordinal)) terminal.Warn($"vocoder: warning: left out: {reason}");
        double[][] usable = [.. surprises.Where(values => values != null)];
        Fitted = usable.Length;
        return usable.Length > 0 ? AnomalyDetector.Fit(usable, falseAlarms, WindowFrames)
            : throw new VocoderException($"none of {files.Count} recordings holds normal speech");
    }

    /// <summary>Says what stands out in a clip; its picture.</summary>
    /// <exception cref="VocoderException">The clip cannot be read, or holds no speech.</exception>
    public SpectrogramPanel Judge(string file, AnomalyDetector detector)
    {
        terminal.Cancellation.ThrowIfCancellationRequested();
        float[] audio = Files.ReadRecording(file, _recipe.SampleRate, terminal);
        AnomalyScores scores = detector.Score(Surprise(file, audio, parallelism));
        string windows = scores.Windows.Length == 0 ? "it is shorter than a window"
            : FormattableString.Invariant(
                $"{Part(scores.Windows, detector.WindowThreshold):0.0} % of windows (strongest z {Strongest(scores.Windows):+0.0;-0.0})");
        terminal.Say($"{file}: {(double)audio.Length / _recipe.SampleRate:0.00} s; beyond are {Part(scores.Frames, detector.FrameThreshold):0.0} % of frames (strongest z {Strongest(scores.Frames):+0.0;-0.0}), {windows}");
        var table = new TextTable(true, true, false, true);
        table.Add("from, s", "to, s", "", "z");
        (double From, double To, string What, double Z)[] stretches =
            [.. Stretches(scores.Frames, detector.FrameThreshold, "frames"), .. Stretches(scores.Windows, detector.WindowThreshold, "windows")];
        foreach (var (from, to, what, z) in stretches.OrderBy(stretch => stretch.From))
            table.Add(Number(from), Number(to), what, z.ToString("+0.0;-0.0", CultureInfo.InvariantCulture));
        if (stretches.Length > 0) terminal.Out.Write(table.ToString());
        return Picture(file, audio, scores, detector);
    }

    private double[] Surprise(string file, float[] audio, Parallelism threads)
    {
        if (VoiceEvaluation.Refusal(audio) is { } fault) throw new VocoderException($"'{file}' {fault}");
        return FrameMeasures.Surprise(voice.Model.Encode(new MelSpectrogram(_recipe).Compute(audio, threads), audio, threads, terminal.Cancellation),
            _recipe.HopSize);
    }

    private SpectrogramPanel Picture(string file, float[] audio, AnomalyScores scores, AnomalyDetector detector)
    {
        ChartSeries Curve(string name, double[] values) => new(name, [.. values.Select((z, i) => ((i + 0.5) * SecondsPerFrame, z))]);
        List<ChartSeries> curves = [Curve("frames", scores.Frames)];
        if (scores.Windows.Length > 0) curves.Add(Curve(FormattableString.Invariant($"windows of {WindowSeconds:0.0} s"), scores.Windows));
        SpectrogramPanel panel = SpectrogramPanel.OfAudio(Path.GetFileName(file), audio, _recipe.SampleRate);
        panel.Below = new TimeCurve("z", curves, [-detector.FrameThreshold, detector.FrameThreshold]);
        return panel;
    }

    private IEnumerable<(double From, double To, string What, double Z)> Stretches(double[] scores, double threshold, string what)
    {
        for (int i = 0; i < scores.Length; i++)
        {
            if (Math.Abs(scores[i]) <= threshold) continue;
            int end = i + 1;
            for (int k = end; k < Math.Min(scores.Length, end + Bridged); k++)
                if (Math.Abs(scores[k]) > threshold) end = k + 1;
            yield return (i * SecondsPerFrame, end * SecondsPerFrame, what, Strongest(scores[i..end]));
            i = end - 1;
        }
    }

    private static double Part(double[] scores, double threshold) => 100.0 * scores.Count(z => Math.Abs(z) > threshold) / scores.Length;

    private static double Strongest(double[] scores) => scores.MaxBy(Math.Abs);

    private static string Number(double seconds) => seconds.ToString("0.00", CultureInfo.InvariantCulture);
}
