using System.CommandLine;
using FlowVocoder.Training;

namespace FlowVocoder.Cli;

/// <summary>Recordings → voice, by maximum likelihood.</summary>
internal sealed class TrainVerb : TrainingVerb
{
    private readonly Option<string?> _texts = new("--texts")
    {
        Description = "For a Flowtron: a list of what is said in the recordings, lines of id|text, id|text|normalised text, or path|text|speaker. "
            + "Default: metadata.csv in the folder, else a .txt beside each recording", HelpName = "FILE",
    };

    public TrainVerb() : base("train", "Trains a flow on a folder of recordings by maximum likelihood, with losses of generated speech where the "
        + "configuration asks for them: a coupling flow, with model.flow=maf an autoregressive teacher, or with --config waveflow-cpu, flowavenet, "
        + "wavenode or clarinet-teacher one of these; with --config flowtron or flowtron-cpu, and texts of the recordings, what makes mels of "
        + "texts. Ctrl-C saves and stops; --resume goes on.",
        "vocoder train --data recordings --out voice.safetensors --licence CC0-1.0",
        "vocoder train --data recordings --config small.json --set model.channels=64 --steps 5000 --out small.safetensors",
        "vocoder train --data recordings --from compact --learning-rate 1e-4 --steps 2000 --out mine.safetensors",
        "vocoder train --data LJSpeech-1.1 --config flowtron-cpu --out reader.safetensors",
        "vocoder train --data recordings --out voice.safetensors --resume")
    {
        Add(_texts);
    }

    protected override TrainingPaths With(ParseResult arguments, TrainingPaths paths) => paths with { Texts = arguments.GetValue(_texts) };
}
