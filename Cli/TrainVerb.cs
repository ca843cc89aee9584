using System.CommandLine;
using FlowVocoder.Models;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recordings → voice, by maximum likelihood.</summary>
internal sealed class TrainVerb : TrainingVerb
{
    private readonly Option<string?> _from = new("--from")
    {
        Description = "Starts from the weights of a voice, to fine-tune it; without --config with its model and recipe", HelpName = "NAME|FILE",
    };

    public TrainVerb() : base("train", "Trains a flow on a folder of recordings by maximum likelihood, with losses of generated speech where the configuration asks for them: a coupling flow, or with model.flow=maf an autoregressive teacher. Ctrl-C saves and stops; --resume goes on.",
        "vocoder train --data recordings --out voice.safetensors --licence CC0-1.0",
        "vocoder train --data recordings --config small.json --set model.channels=64 --steps 5000 --out small.safetensors",
        "vocoder train --data recordings --from compact --learning-rate 1e-4 --steps 2000 --out mine.safetensors",
        "vocoder train --data recordings --out voice.safetensors --resume") =>
        Add(_from);

    protected override TrainingPaths With(ParseResult arguments, TrainingPaths paths) => paths with { From = arguments.GetValue(_from) };

    protected override TrainingConfig Default(TrainingPaths paths)
    {
        if (paths.From == null) return new TrainingConfig();
        LoadedVoice loaded = VoiceLibrary.Load(paths.From);
        return loaded.Model is CompactVocoder model ? new TrainingConfig { Model = model.Config, Recipe = model.Recipe.Name }
            : throw new VocoderException($"{loaded.Source}: holds a model of kind '{loaded.Model.Kind}', expected '{CompactVocoder.KindName}' to train from");
    }
}
