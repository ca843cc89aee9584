using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Voice → weights for PyTorch.</summary>
internal sealed class ExportWeightsVerb : Verb
{
    private readonly Argument<string> _voice = new("VOICE") { Description = "An installed voice or a voice file" };
    private readonly Argument<string> _output = new("OUT.safetensors") { Description = "The state dict to write" };

    public ExportWeightsVerb() : base("export-weights",
        "Writes the weights of a voice as a state dict: for a WaveGlow under the names of NVIDIA's code, for other voices under those of this program. In "
        + "Python: safetensors.torch.load_file.",
        "vocoder export-weights waveglow.safetensors state_dict.safetensors")
    {
        Add(_voice.OfFiles());
        Add(_output.OfFiles());
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string output = arguments.GetRequiredValue(_output);
        LoadedVoice voice = VoiceLibrary.Load(arguments.GetRequiredValue(_voice));
        Files.CheckNotAnInput(output, [voice.Source]);
        Files.CheckEnding(output, "weights", ".safetensors");
        Files.CheckWritable(output);
        // "pt" is what PyTorch's users of safetensors look for.
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt", ["model"] = voice.Model.Kind, ["config"] = voice.Model.ConfigJson, ["recipe"] = voice.Model.Recipe.ToJson(),
        };
        IReadOnlyDictionary<string, SafeTensor> tensors = VoiceFile.Of(voice.Model, voice.Name, "", "", 0, metadata).Tensors;
        AtomicFile.Write(output, stream => SafeTensorsFile.Write(stream, tensors, metadata));
        terminal.Say($"{output}: {tensors.Count} tensors of '{voice.Name}', {voice.Model.Kind}");
        return VocoderCommand.Success;
    }
}
