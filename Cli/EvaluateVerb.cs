using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Training.Data;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recordings → how well a voice, baselines and other vocoders speak them.</summary>
internal sealed class EvaluateVerb : Verb
{
    private readonly Option<string> _data = new("--data")
    {
        Description = "Folder of recordings, one subfolder a speaker; those in folders named 'valid' are used, or all where there are none", HelpName = "DIR",
        Required = true,
    };
    private readonly Option<string?> _voice = Inputs.Voice("The voice to measure");
    private readonly Option<float?> _sigma = Inputs.Sigma();
    private readonly Option<ulong?> _seed = Inputs.Seed("Seed of the noise. Default: 0");
    private readonly Option<int?> _match = Inputs.Match();
    private readonly Option<string[]> _baseline = new("--baseline")
    {
        Description = "Also measure noise-lp (white noise through linear prediction), griffin-lim, or the recording itself; may be given several times",
        HelpName = "NAME", Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string[]> _generated = new("--generated")
    {
        Description = "Also measure wavs that another program made from the same mels: FOLDER/SPEAKER/CLIP.wav, FOLDER/SPEAKER_CLIP.wav or FOLDER/CLIP.wav; "
            + "may be given several times",
        HelpName = "FOLDER", Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<int> _limit = new("--limit")
    {
        Description = "At most so many clips of a speaker, 0 for all. Default: 0", HelpName = "N", CustomParser = r => Inputs.Integer(r, 0, int.MaxValue),
    };
    private readonly Option<string?> _out = new("--out")
    {
        Description = "Keep what was spoken, FOLDER/SYSTEM/SPEAKER_CLIP.wav, and a picture of each clip", HelpName = "FOLDER",
    };
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;
    private readonly SolverOption _solver;

    public EvaluateVerb() : base("evaluate", "Speaks held-out recordings from their mels and compares: log-mel L1, multi-resolution STFT distance, STOI, "
        + "ESTOI, voicing F1 and pitch, periodicity and levels of single bands, per speaker, in Markdown.",
        "vocoder evaluate --data recordings --baseline noise-lp --baseline griffin-lim",
        "vocoder evaluate --data recordings --voice voice.safetensors --sigma 0.8 --limit 2 --out spoken")
    {
        _baseline.OneOf(NoiseBaseline.Label, GriffinLimBaseline.Label, RecordingBaseline.Label);
        foreach (Option option in (Option[])[_data, _voice, _sigma, _match, _seed, _baseline, _generated, _limit, _out, _threads]) Add(option);
        _engines = new Engines(this);
        _solver = new SolverOption(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        LoadedVoice voice = _engines.Put(arguments, _solver.Put(arguments, arguments.LoadVoice(_voice)));
        var options = voice.Options with { Sigma = arguments.GetValue(_sigma) ?? voice.Sigma, Seed = arguments.GetValue(_seed) ?? 0,
            Match = arguments.GetValue(_match) };
        options.Validate();
        Parallelism parallelism = arguments.Parallelism(_threads);
        IReadOnlyList<EvaluationClip> clips = EvaluationClip.Find(arguments.GetRequiredValue(_data), arguments.GetValue(_limit));
        var systems = new List<IEvaluatedSystem> { new VoiceSystem(voice, options, parallelism) };
        foreach (string name in arguments.GetValue(_baseline) ?? [])
            systems.Add(name switch
            {
                NoiseBaseline.Label => new NoiseBaseline(voice.Model.Recipe),
                RecordingBaseline.Label => new RecordingBaseline(voice.Model.Recipe.SampleRate),
                _ => new GriffinLimBaseline(voice.Model.Recipe),
            });
        foreach (string folder in arguments.GetValue(_generated) ?? []) systems.Add(new GeneratedFolder(folder, voice.Model.Recipe.SampleRate));
        if (arguments.GetValue(_out) is { } keep) Files.CreateFolder(keep);
        TellCost(voice, clips, terminal);
        int left = new Evaluation(voice, systems, parallelism, arguments.GetValue(_out), terminal).Run(clips);
        return left == 0 ? VocoderCommand.Success : VocoderCommand.Failure;
    }

    private static long Samples(string file, int sampleRate)
    {
        try
        {
            return Recording.Read(file, sampleRate).Samples.Length;
        }
        catch (VocoderException)
        {
            // Told when its turn comes.
            return 0;
        }
    }

    private static void TellCost(LoadedVoice voice, IReadOnlyList<EvaluationClip> clips, Terminal terminal)
    {
        // Only who is slow anyway reads all recordings twice.
        if (!voice.Model.GeneratesStepByStep) return;
        long frames = clips.Sum(c => Samples(c.File, voice.Model.Recipe.SampleRate) / voice.Model.Recipe.HopSize);
        StepByStepCost.TellSpeaking(voice, frames, terminal);
    }
}
