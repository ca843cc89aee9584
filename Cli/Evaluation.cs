using System.Diagnostics;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Plots;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Runs systems over clips and prints what they score.</summary>
internal sealed class Evaluation(LoadedVoice voice, IReadOnlyList<IEvaluatedSystem> systems, Parallelism parallelism, string? keep, Terminal terminal)
{
    private readonly MelRecipe _recipe = voice.Model.Recipe;
    private readonly EvaluationTable[] _tables = [.. systems.Select(_ => new EvaluationTable())];
    private readonly double[] _took = new double[systems.Count];
    private readonly List<VoicingScores> _predicted = [];
    private double _nats, _seconds;
    private long _samples;

    /// <summary>Measures and prints; a clip that cannot be measured is named and left out.</summary>
    /// <returns>How many were left out.</returns>
    public int Run(IReadOnlyList<EvaluationClip> clips)
    {
        int left = 0;
        var measures = new VoiceEvaluation(_recipe);
        var tracker = new PitchTracker(_recipe);
        var spectrogram = new MelSpectrogram(_recipe);
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism.Threads };
        foreach (EvaluationClip clip in clips)
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            if (Read(clip) is not { } audio)
            {
                left++;
                continue;
            }
            float[] mel = spectrogram.Compute(audio, parallelism);
            float[][] spoken = [.. systems.Select((system, i) => Speak(system, i, clip, mel))];
            _seconds += (double)audio.Length / _recipe.SampleRate;
            Parallel.For(0, systems.Count, options, i => _tables[i].Add(clip.Speaker, clip.Name, measures.Score(audio, spoken[i])));
            if (voice.Model is { CanScore: true, ScoresStepByStep: false }) Judge(voice.Model.Score(mel, audio, parallelism));
            if (voice.Model.PredictPitch(mel, parallelism) is { } f0)
                _predicted.Add(VoicingScores.Of(tracker.Track(audio, f0.Length).F0, f0));
            if (keep != null) Keep(clip, audio, spoken);
        }
        if (left == clips.Count) throw new VocoderException($"none of {clips.Count} recordings can be measured");
        Print();
        if (left > 0) terminal.Say($"left out: {left} of {clips.Count} recordings");
        return left;
    }

    // The recording of a clip, or null, with a word on why, where there is nothing in it to be measured.
    private float[]? Read(EvaluationClip clip)
    {
        string? fault;
        try
        {
            Recording recording = Recording.Read(clip.File, _recipe.SampleRate);
            Files.Warn(clip.File, recording, terminal);
            fault = VoiceEvaluation.Refusal(recording.Samples);
            if (fault == null) return recording.Samples;
            fault = $"'{clip.File}' {fault}";
        }
        catch (VocoderException e)
        {
            fault = e.Message;
        }
        terminal.Warn($"vocoder: warning: left out: {fault}");
        return null;
    }

    private void Judge(Likelihood score)
    {
        _nats += score.NatsPerSample * score.Samples;
        _samples += score.Samples;
    }

    private float[] Speak(IEvaluatedSystem system, int index, EvaluationClip clip, float[] mel)
    {
        long start = Stopwatch.GetTimestamp();
        float[] samples = system.Speak(clip, mel);
        _took[index] += Stopwatch.GetElapsedTime(start).TotalSeconds;
        return samples;
    }

    private void Keep(EvaluationClip clip, float[] audio, float[][] spoken)
    {
        string name = $"{clip.Speaker}_{clip.Name}";
        var panels = new List<SpectrogramPanel> { SpectrogramPanel.OfAudio("recording", audio, _recipe.SampleRate) };
        for (int i = 0; i < systems.Count; i++)
        {
            panels.Add(SpectrogramPanel.OfAudio(systems[i].Name, spoken[i], _recipe.SampleRate));
            if (systems[i] is GeneratedFolder) continue;
            string folder = Path.Combine(keep!, systems[i].Name);
            Files.CreateFolder(folder);
            WavFile.Write(Path.Combine(folder, name + ".wav"), spoken[i], _recipe.SampleRate);
        }
        Picture picture = SpectrogramPicture.Render(panels);
        AtomicFile.Write(Path.Combine(keep!, name + ".png"), stream => picture.Write(stream, name + ".png"));
    }

    private void Print()
    {
        for (int i = 0; i < systems.Count; i++)
        {
            string sigma = systems[i] is VoiceSystem spoken ? FormattableString.Invariant($", sigma {spoken.Sigma}, match {spoken.Match}") : "";
            terminal.Say($"### {systems[i].Name}{sigma}\n");
            terminal.Out.Write(_tables[i].ToMarkdown());
            if (systems[i] is not GeneratedFolder) terminal.Say($"\nreal-time factor {_took[i] / _seconds:0.0000} on {parallelism.Threads} thread(s)");
            terminal.Out.WriteLine();
        }
        // A student, which scores step by step, has learnt to speak and not to judge.
        if (_samples > 0) terminal.Say($"Likelihood of the recordings under {voice.Name}: {_nats / _samples:0.0000} nats per sample");
        if (_predicted.Count > 0) Print(VoicingScores.Pool(_predicted));
    }

    private void Print(VoicingScores pitch)
    {
        // Silence, or a clip too short to be voiced, has no pitch to be near to.
        string nearness = pitch.BothVoiced == 0 ? "no frame is voiced in both"
            : FormattableString.Invariant(
                $"{100 * pitch.Within50Cents:0.0} % of the frames voiced in both within 50 cents, median {pitch.MedianCents:0.0} cents");
        string voicing = double.IsNaN(pitch.VoicingError) ? "–" : FormattableString.Invariant($"{100 * pitch.VoicingError:0.0} %");
        terminal.Say($"Pitch predicted from the mel, against the tracker on the recording: {nearness}, voicing error {voicing}");
    }
}
