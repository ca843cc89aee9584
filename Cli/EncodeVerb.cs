using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recording → latent space.</summary>
internal sealed class EncodeVerb : Verb
{
    private readonly Argument<string> _input = new("IN.wav")
    {
        Description = "A wav, flac, aiff, mp3, ogg or opus file of any sample rate and number of channels",
    };
    private readonly Argument<string> _output = new("OUT.npz|OUT.npy")
    {
        Description = "An .npz holds z [group, steps], close to N(0, 1) for normal speech, and what decoding needs: mel [bands, frames], phase [samples] in "
            + "radians, f0 [frames] in Hz "
            + "(0 is unvoiced), voice (eight numbers that tell which); of an .npy, which is z alone, the others lie beside it: OUT.mel.npy, OUT.phase.npy, "
                + "OUT.f0.npy, OUT.voice.npy",
    };
    private readonly Option<string?> _voice = Inputs.Voice("The voice whose latent space it is", VoiceLibrary.DefaultJudge);
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;

    public EncodeVerb()
        : base("encode", "Turns a recording into noise: its latent variables under a voice, from which 'vocoder decode' makes the recording again.",
        "vocoder encode speech.wav speech.npz",
        "vocoder encode speech.wav speech.npy --voice mine.safetensors")
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
        CheckEnding(output);
        foreach (string file in LatentFile.FilesOf(output)) Files.CheckNotAnInput(file, [input]);
        LoadedVoice voice = _engines.PutForwards(arguments, arguments.LoadVoice(_voice, VoiceLibrary.DefaultJudge));
        foreach (string file in LatentFile.FilesOf(output)) Files.CheckWritable(file);
        Parallelism parallelism = arguments.Parallelism(_threads);
        (LatentSpeech latent, float[] audio) = Read(input, voice, parallelism, terminal);
        float[] decoded = voice.Model.Decode(latent, parallelism, terminal.Cancellation);
        LatentFile.Write(output, latent, voice.Model.Recipe);
        Tell(output, latent, audio, decoded, voice, terminal);
        return VocoderCommand.Success;
    }

    /// <summary>Refuses a name that does not say how latents are kept.</summary>
    public static void CheckEnding(string file)
    {
        if (!LatentFile.Endings.Contains(Path.GetExtension(file).ToLowerInvariant()))
            throw new UsageException($"the latents are '{file}', expected a name that ends in {string.Join(" or ", LatentFile.Endings)}");
    }

    /// <summary>A recording in the latent space of a voice, and its samples.</summary>
    public static (LatentSpeech Latent, float[] Audio) Read(string file, LoadedVoice voice, Parallelism parallelism, Terminal terminal)
    {
        MelRecipe recipe = voice.Model.Recipe;
        float[] audio = Files.ReadRecording(file, recipe.SampleRate, terminal);
        if (audio.Length < recipe.HopSize)
            throw new VocoderException($"'{file}' has {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one frame of {recipe.HopSize}");
        StepByStepCost.TellScoring(voice, audio.Length / recipe.HopSize, terminal);
        return (voice.Model.Encode(new MelSpectrogram(recipe).Compute(audio, parallelism), audio, parallelism, terminal.Cancellation), audio);
    }

    // Decoding again is the only way to know what rounding does in a voice.
    private static void Tell(string output, LatentSpeech latent, float[] audio, float[] decoded, LoadedVoice voice, Terminal terminal)
    {
        const float Exact = 1e-4f;
        float error = 0, peak = 0;
        for (int i = 0; i < decoded.Length; i++) (error, peak) = (Math.Max(error, Math.Abs(decoded[i] - audio[i])), Math.Max(peak, Math.Abs(audio[i])));
        double squares = latent.Z.Sum(z => (double)z * z) / latent.Z.Length, seconds = (double)latent.Samples / voice.Model.Recipe.SampleRate;
        terminal.Say($"{output}: z {latent.Group} x {latent.Steps} under voice {voice.Name}, mean square {squares:0.000}; {seconds:0.00} s, which decode to within {error:0.0e-0} of full scale");
        if (audio.Length > latent.Samples) terminal.Say($"the last {audio.Length - latent.Samples} of {audio.Length} samples fill no frame and are left out");
        if (error > Exact * Math.Max(peak, Exact))
            terminal.Warn($"vocoder: warning: '{output}' decodes to within {error:0.0e-0} only, expected {Exact:0e-0} of the peak: voice {voice.Name} does not invert exactly here in single precision");
    }
}
