using System.CommandLine;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recordings → voice: what training on recordings and from a teacher have in common.</summary>
internal abstract class TrainingVerb : Verb
{
    // Settings common enough for an option of their own; all others are reached by --set.
    private static readonly (string Key, string Meaning)[] s_common =
    [
        ("steps", "Steps in all"), ("batch", "Crops in a step"), ("crop_frames", "Mel frames in a crop"), ("learning_rate", "Highest learning rate"),
        ("seed", "Seed of weights, crops and noise"), ("recipe", "Name of the mel recipe"), ("save_every", "Steps between checkpoints"),
        ("model.group", "Samples that the flow moves as one step"), ("model.flows", "Steps of the flow"),
        ("model.layers", "Layers of each network"), ("model.channels", "Channels of each network"),
    ];

    private readonly Option<string> _data = new("--data")
    {
        Description = "Folder of recordings (wav, flac, aiff, mp3, ogg, opus), searched with its subfolders; what lies in folders named 'valid' is held out, "
            + "else every 20th of those that can be cropped", HelpName = "DIR", Required = true,
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "The voice to write (.safetensors); checkpoint and log lie beside it", HelpName = "VOICE", Required = true,
    };
    private readonly Option<string?> _config = new("--config") { Description =
        "Configuration in JSON, what it leaves out keeps its default value; or the name of one that comes with the program: "
        + $"{string.Join(", ", TrainingSettings.Names)}", HelpName = "NAME|FILE" };
    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on from the checkpoint, bit for bit as if the run had never stopped; its configuration holds unless another is given",
    };
    private readonly Option<string?> _from = new("--from")
    {
        Description = "Starts from the weights of a voice, to train it further; without --config with its model and recipe, "
            + "else with that of --config, whose encoders may be wider and harmonic bands finer", HelpName = "NAME|FILE",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Changes one setting, that of the model as model.NAME; may be given several times", HelpName = "KEY=VALUE",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _name = new("--name") { Description = "Name of the voice. Default: that of its file", HelpName = "NAME" };
    private readonly Option<string?> _licence = new("--licence")
    {
        Description = "Licence of the recordings, told with the voice. Default: not stated", HelpName = "TEXT",
    };
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;
    private readonly (string Key, Option<string?> Option)[] _settings;

    protected TrainingVerb(string name, string description, params string[] examples) : base(name, description, examples)
    {
        _settings = [.. s_common.Select(c => (c.Key, new Option<string?>("--" + c.Key[(c.Key.IndexOf('.', StringComparison.Ordinal) + 1)..].Replace('_', '-'))
        {
            Description = $"{c.Meaning} ({c.Key} of the configuration)", HelpName = "VALUE",
        }))];
        foreach (Option option in (Option[])[_data, _config, _out, _resume, _from, _set, .. _settings.Select(s => s.Option), _name, _licence, _threads])
            Add(option);
        _engines = new Engines(this);
    }

    // A step is finished and its state written, however long that takes.
    public override TimeSpan Patience => Timeout.InfiniteTimeSpan;

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string output = arguments.GetRequiredValue(_out);
        Files.CheckEnding(output, "a voice", TrainingPaths.Extension);
        bool resume = arguments.GetValue(_resume);
        var (paths, saved) = Paths(arguments, output, resume);
        TrainingConfig config = Config(arguments, paths, saved?.Config);
        config.Validate();
        Engine engine = _engines.ForTraining(arguments);
        Files.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(output))!);
        Files.CheckWritable(output);
        TrainingDisplay.Run(terminal, (loading, report, tell) =>
            TrainingRun.Train(paths, config, resume, arguments.GetValue(_threads), loading, report, terminal.Cancellation, tell, engine));
        if (terminal.Cancellation.IsCancellationRequested)
        {
            terminal.Warn($"vocoder: stopped, the state is in {paths.Checkpoint}: go on with the same command and --resume");
            return VocoderCommand.Interrupted;
        }
        terminal.Say($"{output}: trained for {config.Steps} steps; see 'vocoder info {output}'");
        return VocoderCommand.Success;
    }

    private TrainingConfig Config(ParseResult arguments, TrainingPaths paths, TrainingConfig? saved)
    {
        TrainingConfig config = arguments.GetValue(_config) is { } file ? TrainingSettings.Read(file)
            : saved ?? (paths.From != null ? ConfigOf(paths.From) : Default);
        var changes = new List<(string, string)>();
        foreach (string setting in arguments.GetValue(_set) ?? [])
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw new UsageException($"--set is '{setting}', expected KEY=VALUE");
            changes.Add((setting[..equals], setting[(equals + 1)..]));
        }
        foreach (var (key, option) in _settings)
            if (arguments.GetValue(option) is { } value) changes.Add((key, value));
        return changes.Count == 0 ? config : TrainingSettings.Change(config, changes);
    }

    /// <summary>Adds what the verb's own options say.</summary>
    protected virtual TrainingPaths With(ParseResult arguments, TrainingPaths paths) => paths;

    /// <summary>The configuration where none is given and no voice to start from.</summary>
    protected virtual TrainingConfig Default => new();

    private static TrainingConfig ConfigOf(string voice)
    {
        if (File.Exists(voice) && FlowtronCheckpoint.CanRead(voice) && FlowtronCheckpoint.Read(voice) is var flowtron)
            return new TrainingConfig { Flowtron = flowtron.Config, Recipe = flowtron.Recipe.Name };
        LoadedVoice loaded = VoiceLibrary.Load(voice);
        return loaded.Model switch
        {
            CompactVocoder model => new TrainingConfig { Model = model.Config, Recipe = model.Recipe.Name },
            WaveFlow model => new TrainingConfig { WaveFlow = model.Config, Recipe = model.Recipe.Name },
            FloWaveNet model => new TrainingConfig { FloWaveNet = model.Config, Recipe = model.Recipe.Name },
            WaveNode model => new TrainingConfig { WaveNode = model.Config, Recipe = model.Recipe.Name },
            ClariNetTeacher model => new TrainingConfig { ClariNetTeacher = model.Config, Recipe = model.Recipe.Name },
            ClariNet model => new TrainingConfig
            {
                ClariNet = model.Config, Recipe = model.Recipe.Name, Distillation = new DistillationConfig { ClosedForm = true, FrameWeight = 1 },
            },
            _ => throw new VocoderException($"{loaded.Source}: holds a model of kind '{loaded.Model.Kind}', expected '{CompactVocoder.KindName}', "
                + $"'{WaveFlow.KindName}', '{FloWaveNet.KindName}', '{WaveNode.KindName}', "
                + $"'{ClariNetTeacher.KindName}' or '{ClariNet.KindName}' to train from"),
        };
    }

    // Who resumes need not say again what the checkpoint knows.
    private (TrainingPaths Paths, SavedRun? Saved) Paths(ParseResult arguments, string output, bool resume)
    {
        string command = CommandText.Of(arguments.Tokens.Select(t => t.Value)), name = Path.GetFileName(output);
        if (name.EndsWith(TrainingPaths.Extension, StringComparison.OrdinalIgnoreCase)) name = name[..^TrainingPaths.Extension.Length];
        var paths = new TrainingPaths(arguments.GetRequiredValue(_data), output, name, "not stated", command) { From = arguments.GetValue(_from) };
        SavedRun? saved = resume ? TrainingRun.Saved(paths) : null;
        if (saved != null)
            paths = paths with { Name = saved.Name, Licence = saved.Licence, Command = saved.Command.EndsWith(command, StringComparison.Ordinal) ? saved.Command
                : $"{saved.Command}; then {command}" };
        return (With(arguments, paths with { Name = arguments.GetValue(_name) ?? paths.Name, Licence = arguments.GetValue(_licence) ?? paths.Licence }), saved);
    }
}
