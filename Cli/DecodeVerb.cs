using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Latent space → recording.</summary>
internal sealed class DecodeVerb : Verb
{
    private readonly Argument<string> _input = new("IN.npz|IN.npy")
    {
        Description = "What 'vocoder encode' wrote, changed or not; of an .npy the mel and the phase are read beside it",
    };
    private readonly Argument<string> _output = new("OUT.wav") { Description = "The recording to write, 16 bits a sample" };
    private readonly Option<string?> _voice = Inputs.Voice("The voice that encoded", VoiceLibrary.DefaultJudge);
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;

    public DecodeVerb() : base("decode", "Turns latent variables back into the recording that 'vocoder encode' read, or into what has become of it.",
        "vocoder decode speech.npy again.wav --voice mine.safetensors",
        "vocoder decode speech.npz again.wav")
    {
        Add(_input.OfFiles());
        Add(_output.OfFiles());
        Add(_voice);
        Add(_threads);
        _engines = new Engines(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string input = arguments.GetRequiredValue(_input), output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        EncodeVerb.CheckEnding(input);
        Files.CheckNotAnInput(output, LatentFile.FilesOf(input));
        Files.CheckEnding(output, "a recording", ".wav", ".wave");
        LoadedVoice voice = _engines.PutForwards(arguments, arguments.LoadVoice(_voice, VoiceLibrary.DefaultJudge));
        MelRecipe recipe = voice.Model.Recipe;
        LatentSpeech latent = LatentFile.Read(input, recipe);
        if (!voice.Model.HasEncoded(latent)) terminal.Warn($"vocoder: warning: '{input}' was encoded by another voice than {voice.Name}");
        Files.CheckWritable(output);
        StepByStepCost.TellSpeaking(voice, latent.Samples / recipe.HopSize, terminal);
        float[] audio = Decode(input, latent, voice, arguments.Parallelism(_threads), terminal);
        WavFile.Write(output, audio, recipe.SampleRate);
        terminal.Say($"{output}: {(double)audio.Length / recipe.SampleRate:0.00} s under voice {voice.Name}");
        return VocoderCommand.Success;
    }

    private static float[] Decode(string input, LatentSpeech latent, LoadedVoice voice, Parallelism parallelism, Terminal terminal)
    {
        try
        {
            return voice.Model.Decode(latent, parallelism, terminal.Cancellation);
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"'{input}' cannot be decoded by voice {voice.Name}: {e.Message}", e);
        }
    }
}
