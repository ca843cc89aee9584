using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>How many planted faults are found at 1 % of false alarms: by the surprise of a voice, by its whole log-likelihood, and by levels.</summary>
internal static class AnomalyBenchmark
{
    private const double FalseAlarms = 0.01;
    private static readonly Parallelism s_one = new(1);

    // What is measured of each clip, a value a frame.
    private static readonly string[] s_measures = ["z", "log-likelihood", "level", "change of level"];

    /// <summary>
    /// Measures and prints the table. Normal is learnt from every other recording of those in folders named "valid", or of all; the others are spoilt.
    /// </summary>
    public static void Run(string data, string? name)
    {
        VocoderModel model = VoiceLibrary.Load(name ?? VoiceLibrary.DefaultJudge).Model;
        string[] files = SpeechDataset.Files(data), held = [.. files.Where(f => SpeechDataset.IsHeldOut(data, f))];
        if (held.Length > 0) files = held;
        float[][] clips = [.. files.Select(f => Recording.Read(f, model.Recipe.SampleRate).Samples).Where(audio => VoiceEvaluation.Refusal(audio) == null)];
        int window = (int)Math.Round((double)model.Recipe.SampleRate / model.Recipe.HopSize);
        double[][][] normal = Measure(model, [.. clips.Where((_, i) => i % 2 == 0)]);
        AnomalyDetector[] detectors = [.. Enumerable.Range(0, s_measures.Length)
            .Select(m => AnomalyDetector.Fit([.. normal.Select(clip => clip[m])], FalseAlarms, window))];
        Machine.Print();
        Console.WriteLine($"{clips.Length} clips, {detectors[0].FittedFrames} frames to learn from. Of the frames with a fault, those beyond the threshold; "
            + "after the stroke, of the windows of a second around them.");
        Console.WriteLine();
        _ = new MarkdownTable(["", "faults found by z", .. s_measures]);
        float[][] others = [.. clips.Where((_, i) => i % 2 == 1)];
        Row(model, detectors, new PlantedFault("none", (audio, _, _) => (audio, [.. Enumerable.Repeat(true, audio.Length)]), Lasts: true), others);
        foreach (PlantedFault fault in PlantedFault.All) Row(model, detectors, fault, others);
    }

    private static void Row(VocoderModel model, AnomalyDetector[] detectors, PlantedFault fault, float[][] clips)
    {
        int hop = model.Recipe.HopSize;
        var spoilt = clips.Select((clip, i) => fault.Plant(clip, model.Recipe.SampleRate, new Philox((ulong)i))).ToArray();
        double[][][] values = Measure(model, [.. spoilt.Select(s => s.Audio)]);
        var found = new Rates[s_measures.Length];
        for (int m = 0; m < found.Length; m++)
        {
            found[m] = new Rates();
            for (int i = 0; i < spoilt.Length; i++)
                found[m].Add(detectors[m], detectors[m].Score(values[i][m]), frame => spoilt[i].Where.AsSpan(frame * hop, hop).Contains(true));
        }
        string Cell(int m) => FormattableString.Invariant($"{found[m].Frames:0.0} / {found[m].Windows:0.0} %");
        MarkdownTable.Row($"{fault.Name}", $"{(fault.Lasts ? "" : FormattableString.Invariant($"{found[0].Faults:0} %"))}", $"{Cell(0)}", $"{Cell(1)}",
            $"{Cell(2)}", $"{Cell(3)}");
    }

    // [clip][measure][frame]
    private static double[][][] Measure(VocoderModel model, float[][] clips)
    {
        var result = new double[clips.Length][][];
        Parallel.For(0, clips.Length, i =>
        {
            int hop = model.Recipe.HopSize;
            float[] audio = clips[i], mel = new MelSpectrogram(model.Recipe).Compute(audio, s_one);
            double[] surprise = FrameMeasures.Surprise(model.Encode(mel, audio, s_one), hop), nats = model.ScoreFrames(mel, audio, s_one);
            ReadOnlySpan<float> whole = audio.AsSpan(0, surprise.Length * hop);
            result[i] = [surprise, nats, FrameMeasures.Level(whole, hop), FrameMeasures.LevelChange(whole, hop)];
        });
        return result;
    }

    private sealed class Rates
    {
        private int _frames, _frameHits, _windows, _windowHits, _faults, _faultHits;

        public double Frames => 100.0 * _frameHits / _frames;

        public double Windows => 100.0 * _windowHits / Math.Max(1, _windows);

        public double Faults => 100.0 * _faultHits / _faults;

        // A fault is a run of frames that have it.
        public void Add(AnomalyDetector detector, AnomalyScores scores, Func<int, bool> isFaulty)
        {
            bool inside = false, hit = false;
            for (int i = 0; i <= scores.Frames.Length; i++)
            {
                bool faulty = i < scores.Frames.Length && isFaulty(i);
                if (inside && !faulty) (_faults, _faultHits, hit) = (_faults + 1, _faultHits + (hit ? 1 : 0), false);
                inside = faulty;
                if (!faulty) continue;
                bool found = Math.Abs(scores.Frames[i]) > detector.FrameThreshold;
                hit |= found;
                (_frames, _frameHits) = (_frames + 1, _frameHits + (found ? 1 : 0));
                if (i < scores.Windows.Length)
                    (_windows, _windowHits) = (_windows + 1, _windowHits + (Math.Abs(scores.Windows[i]) > detector.WindowThreshold ? 1 : 0));
            }
        }
    }
}
