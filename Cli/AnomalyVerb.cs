using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Plots;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recordings → where they are unlike normal speech.</summary>
internal sealed class AnomalyVerb : Verb
{
    private const float DefaultPercent = 1;

    private readonly Argument<string[]> _clips = new("CLIP.wav ...") { Description = "The recordings to look at", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _fit = new("--fit")
    {
        Description = "Folder of recordings of normal speech: how surprised the voice is by their frames is what others are held against", HelpName = "DIR",
        Required = true,
    };
    private readonly Option<float?> _alarms = Inputs.NumberWithin("--false-alarms", "PERCENT",
        "Part of normal speech that is flagged all the same, 0.01 to 50. Default: 1", 0.01f, 50);
    private readonly Option<string?> _plot = new("--plot")
    {
        Description = "Also draw the clips, with their z-scores over time under the spectrograms; .png or .svg", HelpName = "OUT.png",
    };
    private readonly Option<string?> _voice = Inputs.Voice("The voice that judges", VoiceLibrary.DefaultJudge);
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;

    public AnomalyVerb() : base("anomaly", "Finds where recordings are unlike normal speech (clicks, dropouts, clipping, a wrong rate, coding noise) by how "
        + "surprising a voice finds their frames, and stretches of a second.",
        "vocoder anomaly --fit recordings suspicious.wav",
        "vocoder anomaly --fit recordings a.wav b.wav --false-alarms 0.1 --plot anomalies.png")
    {
        Add(_clips.OfFiles());
        foreach (Option option in (Option[])[_fit, _alarms, _plot, _voice, _threads]) Add(option);
        _engines = new Engines(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string[] clips = arguments.GetRequiredValue(_clips);
        string? plot = arguments.GetValue(_plot);
        if (plot != null && !Picture.IsFileName(plot)) throw new UsageException($"the picture is '{plot}', expected a .png or .svg file");
        if (plot != null) Files.CheckNotAnInput(plot, clips);
        LoadedVoice voice = _engines.PutForwards(arguments, arguments.LoadVoice(_voice, VoiceLibrary.DefaultJudge));
        Parallelism parallelism = arguments.Parallelism(_threads);
        string[] normal = SpeechDataset.Files(arguments.GetRequiredValue(_fit));
        if (plot != null) Files.CheckWritable(plot);
        var judge = new AnomalyJudge(voice, parallelism, terminal);
        float percent = arguments.GetValue(_alarms) ?? DefaultPercent;
        AnomalyDetector detector = judge.Fit(normal, percent / 100.0);
        terminal.Say($"normal: {detector.FittedFrames} frames of {judge.Fitted} recordings; {percent} % of them lie beyond |z| {detector.FrameThreshold:0.00}, of windows of {judge.WindowSeconds:0.0} s beyond {detector.WindowThreshold:0.00}");
        var panels = new List<SpectrogramPanel>();
        foreach (string clip in clips) panels.Add(judge.Judge(clip, detector));
        if (plot == null) return VocoderCommand.Success;
        Picture picture = SpectrogramPicture.Render(panels);
        AtomicFile.Write(plot, stream => picture.Write(stream, plot));
        terminal.Say($"{plot}: {picture.Width} x {picture.Height} pixels");
        return VocoderCommand.Success;
    }
}
