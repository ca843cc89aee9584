using System.CommandLine;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>The engines that this program was built with, and the options that choose one.</summary>
internal sealed class Engines
{
    private readonly Option<string> _engine = new("--engine")
    {
        Description = "What computes: managed, which is always there, or onnx or torch where the program was built with them (see 'vocoder doctor')",
        HelpName = "NAME",
        DefaultValueFactory = _ => VoiceEngine.Managed,
    };

    private readonly Option<string?> _device = new("--device")
    {
        Description = "Where another engine computes: cpu, cuda or cuda:N. A device that is not there is an error. Default: cpu",
        HelpName = "DEVICE",
    };

    /// <summary>Adds the options to a verb.</summary>
    public Engines(Command verb)
    {
        verb.Add(_engine);
        verb.Add(_device);
    }

    /// <summary>Makes known what the program was built with.</summary>
    public static void Register()
    {
#if ONNX
        VoiceEngine.Register(new OnnxRuntime.OnnxEngine());
#endif
    }

    /// <summary>A voice on the engine that was asked for.</summary>
    /// <exception cref="VocoderException">The engine or the device is not there, or does not compute this voice.</exception>
    public LoadedVoice Put(ParseResult arguments, LoadedVoice voice)
    {
        string? device = arguments.GetValue(_device);
        if (VoiceEngine.Find(arguments.GetRequiredValue(_engine)) is { } engine) return engine.Put(voice, device);
        return device is null or "cpu" ? voice : throw new UsageException($"found --device {device} for the managed engine, expected cpu, or another --engine");
    }
}
