using System.CommandLine;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Who speaks and how: what the verbs that speak have in common.</summary>
internal sealed class SpeakingOptions
{
    private readonly Option<string?> _voice = Inputs.Voice("Who speaks");
    private readonly Option<float?> _sigma = Inputs.Sigma();
    private readonly Option<float?> _pitch = Inputs.Number("--pitch", "SEMITONES", "Raises or lowers the voice, -24 to 24. Default: 0");
    private readonly Option<ulong?> _seed = Inputs.Seed("Seed of the noise: the same seed gives the same samples. Default: 0");
    private readonly Option<int?> _match;
    private readonly Option<int> _threads = Inputs.Threads("0 for whole mels, 1 for streams");

    private readonly Engines _engines;
    private readonly SolverOption _solver;

    /// <summary>Adds the options to a verb.</summary>
    public SpeakingOptions(Command verb, bool withVoice = true, bool withSound = false, bool live = false)
    {
        _match = live ? Inputs.Match("0") : Inputs.Match();
        _engines = withSound ? new Engines(verb, "--engine-device") : new Engines(verb);
        if (withVoice) verb.Add(_voice);
        _solver = new SolverOption(verb);
        foreach (Option option in (Option[])[_sigma, _pitch, _match, _seed, _threads]) verb.Add(option);
    }

    /// <summary>The voice that was asked for.</summary>
    public LoadedVoice Voice(ParseResult arguments) => _engines.Put(arguments, _solver.Put(arguments, arguments.LoadVoice(_voice)));

    /// <summary>A voice by name or file, on the engine that was asked for.</summary>
    public LoadedVoice Load(ParseResult arguments, string nameOrFile) => _engines.Put(arguments, _solver.Put(arguments, VoiceLibrary.Load(nameOrFile)));

    /// <summary>How a voice is to speak.</summary>
    /// <exception cref="UsageException">A number is out of range.</exception>
    public SynthesisOptions Synthesis(ParseResult arguments, LoadedVoice voice)
    {
        SynthesisOptions own = voice.Options, options = own with
        {
            Sigma = arguments.GetValue(_sigma) ?? own.Sigma, PitchShift = arguments.GetValue(_pitch) ?? own.PitchShift,
            Seed = arguments.GetValue(_seed) ?? own.Seed,
            Match = arguments.GetValue(_match),
        };
        try
        {
            options.Validate();
        }
        catch (VocoderException e)
        {
            throw new UsageException(e.Message);
        }
        return options;
    }

    /// <summary>Threads for whole mels.</summary>
    public Parallelism Parallelism(ParseResult arguments) => arguments.Parallelism(_threads);

    /// <summary>
    /// Threads for a stream, one unless others are asked for. A step of a few frames is too little to share: passing it from one processor
    /// to the other can take longer than the help saves.
    /// </summary>
    public Parallelism StreamParallelism(ParseResult arguments) => arguments.GetResult(_threads) == null ? new Parallelism(1) : Parallelism(arguments);
}
