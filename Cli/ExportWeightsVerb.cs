using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Voice → weights for PyTorch.</summary>
internal sealed class ExportWeightsVerb : Verb
{
    private readonly Argument<string> _voice = new("VOICE") { Description = "An installed voice or a voice file" };
    private readonly Argument<string> _output = new("OUT.safetensors") { Description = "The state dict to write" };

    public ExportWeightsVerb() : base("export-weights",
        "Writes the weights of a voice as a state dict: for a WaveGlow or a Flowtron under the names of NVIDIA's code, for other voices under those of "
        + "this program. In Python: safetensors.torch.load_file.",
        "vocoder export-weights waveglow.safetensors state_dict.safetensors")
    {
        Add(_voice.OfFiles());
        Add(_output.OfFiles());
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string output = arguments.GetRequiredValue(_output);
        string asked = arguments.GetRequiredValue(_voice);
        var (model, source, name) = Load(asked);
        Files.CheckNotAnInput(output, [source]);
        Files.CheckEnding(output, "weights", ".safetensors");
        Files.CheckWritable(output);
        // "pt" is what PyTorch's users of safetensors look for.
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt", ["model"] = model.Kind, ["config"] = model.ConfigJson, ["recipe"] = model.Recipe.ToJson(),
        };
        IReadOnlyDictionary<string, SafeTensor> tensors = model is Flowtron flowtron ? FlowtronCheckpoint.StateDict(flowtron)
            : VoiceFile.Of(model, name, "", "", 0, metadata).Tensors;
        AtomicFile.Write(output, stream => SafeTensorsFile.Write(stream, tensors, metadata));
        terminal.Say($"{output}: {tensors.Count} tensors of '{name}', {model.Kind}");
        return VocoderCommand.Success;
    }

    private static (ITrainedModel Model, string Source, string Name) Load(string asked)
    {
        if (File.Exists(asked) && FlowtronCheckpoint.CanRead(asked)) return (FlowtronCheckpoint.Read(asked), asked, Path.GetFileNameWithoutExtension(asked));
        LoadedVoice voice = VoiceLibrary.Load(asked);
        return (voice.Model, voice.Source, voice.Name);
    }
}
