using System.CommandLine;
using System.Diagnostics;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>mel → loudspeaker, while it is generated.</summary>
internal sealed class PlayVerb : Verb
{
    private readonly Argument<string> _input = new("MEL.npy|IN.wav")
    {
        Description = "A mel; or a recording (wav, flac, aiff, mp3, ogg, opus), which the voice speaks again from its mel; or '-', frames of little-endian "
            + "float32 from standard input",
    };
    private readonly Option<float?> _denoise = Inputs.Denoise();
    private readonly MelOptions _mels;
    private readonly SpeakingOptions _speaking;
    private readonly PlayerOptions _player;

    public PlayVerb() : base("play", "Speaks a mel aloud while it is generated.",
        "vocoder play speech.npy",
        "vocoder play speech.wav --voice compact --sigma 0.8 --device pulse",
        "vocoder play speech.npy --player wav:out.wav --volume 0.5",
        "text2mel | vocoder play -",
        "tacotron2 | vocoder play - --mel-recipe nvidia")
    {
        Add(_input.OfFiles(orPipe: true));
        _mels = new MelOptions(this);
        _speaking = new SpeakingOptions(this, withSound: true);
        Add(_denoise);
        _player = new PlayerOptions(this, defaultBuffer: 200);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        long start = Stopwatch.GetTimestamp();
        string input = arguments.GetRequiredValue(_input);
        if (_player.File(arguments) is { } file && input != Pipes.Dash) Files.CheckNotAnInput(file, [input]);
        terminal = _player.Beside(arguments, terminal);
        LoadedVoice voice = _speaking.Voice(arguments);
        SynthesisOptions options = _speaking.Synthesis(arguments, voice);
        MelInput mels = _mels.For(arguments, voice, terminal);
        DenoiserStream? denoiser = SpeechDenoiser.StreamFor(voice, arguments.GetValue(_denoise), _speaking.Parallelism(arguments));
        StepByStepCost.TellSpeaking(voice, null, terminal);
        VocoderStream NewStream() => voice.Model.NewStream(options, _speaking.StreamParallelism(arguments));
        // Before anybody waits for an answer.
        if (input == Pipes.Dash) WarmUp.Run(voice, NewStream());
        MelFrames frames = FrameSource.OpenMelOrRecording(input, mels, terminal);
        if (input != Pipes.Dash) options = options.ForWholeMel(voice.Model, frames.Whole?.Data);
        VocoderStream stream = NewStream();
        int rate = voice.Model.Recipe.SampleRate;
        using AudioPlayer player = _player.Open(arguments, rate, terminal);
        var session = new PlaySession(player, stream, terminal, denoiser);
        session.Speak(frames);
        if (player.Written == 0) throw new VocoderException($"{FrameSource.Name(input)} is an empty mel, expected at least one frame");
        terminal.Say(
            $"{FrameSource.Name(input)}: {(double)player.Written / rate:0.00} s of speech on {player.Name}, first samples after {Stopwatch.GetElapsedTime(start, session.First).TotalMilliseconds:0} ms, underruns {player.Underruns}{Speaker.Limited(player.Limited)}");
        return VocoderCommand.Success;
    }
}
