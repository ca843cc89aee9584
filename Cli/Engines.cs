using System.CommandLine;
using FlowVocoder.Compute;
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

    private readonly Option<string?> _device;

    private readonly Option<string> _precision = new("--precision")
    {
        Description = "In what the engine torch computes convolutions: float32, bfloat16, or on CUDA devices tf32; all else is float32. Default: float32",
        HelpName = "NAME",
        DefaultValueFactory = _ => Word(Precision.Float32),
    };

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="device">What the option is called; verbs that play have a --device already, which sounds.</param>
    public Engines(Command verb, string device = "--device")
    {
        _device = new Option<string?>(device)
        {
            Description = "Where another engine computes: cpu, cuda or cuda:N. A device that is not there is an error. Default: cpu",
            HelpName = "DEVICE",
        };
        verb.Add(_engine);
        verb.Add(_device);
        _precision.OneOf([.. Enum.GetValues<Precision>().Select(Word)]);
        verb.Add(_precision);
    }

    /// <summary>Makes known what the program was built with.</summary>
    public static void Register()
    {
#if ONNX
        VoiceEngine.Register(new OnnxRuntime.OnnxEngine());
#endif
#if TORCH
        VoiceEngine.Register(new Torch.TorchVoiceEngine());
#endif
    }

    /// <summary>A voice on the engine that was asked for.</summary>
    /// <exception cref="VocoderException">The engine or the device is not there, or does not compute this voice.</exception>
    public LoadedVoice Put(ParseResult arguments, LoadedVoice voice)
    {
        string? device = arguments.GetValue(_device);
        return Find(arguments, device)?.Put(voice, device) ?? voice;
    }

    /// <summary>A voice that judges or encodes, on the engine that was asked for.</summary>
    /// <exception cref="VocoderException">The engine or the device is not there, or does not compute this voice.</exception>
    public LoadedVoice PutForwards(ParseResult arguments, LoadedVoice voice)
    {
        string? device = arguments.GetValue(_device);
        return Find(arguments, device)?.PutForwards(voice, device) ?? voice;
    }

    /// <summary>What losses and gradients are computed with.</summary>
    /// <exception cref="VocoderException">The engine or the device is not there, or does not train.</exception>
    public Engine ForTraining(ParseResult arguments)
    {
        string? device = arguments.GetValue(_device);
        return Find(arguments, device)?.ForTraining(device) ?? Engine.Managed;
    }

    // Null is the managed engine.
    private VoiceEngine? Find(ParseResult arguments, string? device)
    {
        VoiceEngine? engine = VoiceEngine.Find(arguments.GetRequiredValue(_engine));
        string word = arguments.GetRequiredValue(_precision);
        Precision precision = Enum.GetValues<Precision>().First(p => Word(p) == word);
        if (engine == null && precision != Precision.Float32)
            throw new UsageException($"found {_precision.Name} {word} for the managed engine, expected float32, or --engine torch");
        if (engine == null && device is not (null or "cpu"))
            throw new UsageException($"found {_device.Name} {device} for the managed engine, expected cpu, or another --engine");
        return engine?.In(precision);
    }

    private static string Word(Precision precision) => precision.ToString().ToLowerInvariant();
}
