using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>microphone → mel → voice → loudspeaker.</summary>
internal sealed class LiveVerb : Verb
{
    private readonly Option<string?> _input = new("--input")
    {
        Description =
            "A recording (wav, flac, aiff, mp3, ogg, opus), which sounds in real time, or a device, see 'vocoder devices'. Default: the device default",
            HelpName = "FILE|DEVICE",
    };
    private readonly Option<string[]> _voice = new("--voice")
    {
        Description = "Who speaks: an installed voice or a voice file; may be given several times. While it runs, a number or a name and Enter changes the "
            + $"voice, q and Enter ends. Default: {VoiceLibrary.DefaultVoice}",
        HelpName = "NAME|FILE", Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<float?> _seconds = Inputs.Number("--seconds", "S", "Ends after so much sound. Default: at the end of the recording, or never");
    private readonly SpeakingOptions _speaking;
    private readonly PlayerOptions _player;

    public LiveVerb() : base("live", "Speaks after you: microphone to mel to voice to loudspeaker, with the delay measured.",
        "vocoder live",
        "vocoder live --input speech.wav --voice compact --voice mine.safetensors",
        "vocoder live --input pulse --device pulse --buffer 40 --seconds 10 --player alsa")
    {
        Add(_input);
        Add(_voice);
        Add(_seconds);
        _speaking = new SpeakingOptions(this, withVoice: false, withSound: true, live: true);
        _player = new PlayerOptions(this, defaultBuffer: 60);
    }

    // Who hears himself waits for nothing that he did not ask for.
    private static SynthesisOptions Unmatched(SynthesisOptions options) => options with { Match = options.Match ?? 0 };

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        float seconds = arguments.GetValue(_seconds) ?? float.PositiveInfinity;
        if (!(seconds > 0)) throw new UsageException(FormattableString.Invariant($"--seconds is {seconds}, expected more than 0"));
        string input = arguments.GetValue(_input) ?? SoundDevices.Default;
        if (_player.File(arguments) is { } file && File.Exists(input)) Files.CheckNotAnInput(file, [input]);
        terminal = _player.Beside(arguments, terminal);
        var voices = new LiveVoices(arguments.GetValue(_voice) is { Length: > 0 } names ? names : [VoiceLibrary.DefaultVoice],
            name => _speaking.Load(arguments, name), voice =>
                voice.Model.NewStream(Unmatched(_speaking.Synthesis(arguments, voice)), _speaking.StreamParallelism(arguments)));
        MelRecipe recipe = voices.Current.Model.Recipe;
        // The recording begins when everything is ready.
        Recording? recording = File.Exists(input) || IsFileName(input) ? Recording.Read(input) : null;
        if (recording != null) Files.Warn(input, recording, terminal);
        using AudioPlayer player = _player.Open(arguments, recipe.SampleRate, terminal);
        using AudioInput source = recording != null
            ? new PacedInput(recording.Samples, recording.SampleRate, $"'{input}'", terminal.Clock)
            : SoundDevices.OpenInput(recipe.SampleRate, input);
        return new LiveSession(source, player, voices, terminal).Run(TimeSpan.FromSeconds(Math.Min(seconds, 1e9)));
    }

    // A mistyped file must not be looked for among the devices, whose names hold paths only behind a '='.
    private static bool IsFileName(string input) => !input.Contains('=')
        && (input.Contains(Path.DirectorySeparatorChar) || AudioFile.Extensions.Contains(Path.GetExtension(input).ToLowerInvariant()));
}
