using System.CommandLine;
using System.Diagnostics;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Texts;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Text → Flowtron → voice.</summary>
internal sealed class SpeakVerb : Verb
{
    private readonly Argument<string> _text = new("TEXT")
    {
        Description = "English; phones of ARPAbet may stand in braces, \"{HH AH0 L OW1}\". '-' reads the text from standard input",
    };
    private readonly Argument<string?> _output = new("OUT.wav")
    {
        Description = "The wav to write. Without it the speech is played", Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly FlowtronSpeech _flowtron;
    private readonly Option<bool> _approximate = MelOptions.Approximate();
    private readonly SpeakingOptions _speaking;
    private readonly PlayerOptions _player;

    public SpeakVerb() : base("speak", "Speaks a text: a Flowtron, of which you have a checkpoint, makes the mel, and a voice speaks each frame as it comes.",
        "vocoder speak \"Hello, world.\" hello.wav --flowtron flowtron_ljs.pt",
        "vocoder speak \"The train left at 10:30.\" out.wav --flowtron flowtron_libritts.pt --speaker 3 --flow-sigma 0.7 --dictionary cmudict",
        "vocoder speak \"What a surprise!\" out.wav --flowtron flowtron_ljs.pt --style surprised.wav --style-text \"I did not expect that!\"",
        "vocoder speak \"Turn left on {HH AW1 S T AH0 N} Street.\" --flowtron flowtron_ljs.pt")
    {
        Add(_text.OfFiles(orPipe: true));
        Add(_output.OfFiles());
        _flowtron = new FlowtronSpeech(this);
        Add(_approximate);
        _speaking = new SpeakingOptions(this, withSound: true);
        _player = new PlayerOptions(this, defaultBuffer: 200);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        long start = Stopwatch.GetTimestamp();
        string? output = arguments.GetValue(_output);
        _flowtron.Check(arguments);
        CheckOutput(arguments, output);
        terminal = output != null ? terminal.Beside(output) : _player.Beside(arguments, terminal);
        LoadedVoice voice = _speaking.Voice(arguments);
        SynthesisOptions synthesis = _speaking.Synthesis(arguments, voice);
        MelInput mels = MelOptions.Input(FlowtronSpeech.Recipe, voice, arguments.GetValue(_approximate), terminal);
        FlowtronText[] texts = _flowtron.Read(arguments, Text(arguments, terminal), synthesis.Seed, terminal);
        Flowtron model = _flowtron.Load(arguments);
        var (engine, parallelism) = (voice.Model.Engine, _speaking.Parallelism(arguments));
        FlowtronOptions options = _flowtron.Options(arguments, model, engine, texts[1..], synthesis.Seed, parallelism, terminal);
        var frames = new FlowtronFrames(model.Speak(engine, parallelism, texts[0].Symbols, options), FlowtronSpeech.Recipe.Bands, _flowtron.File(arguments));
        VocoderStream stream = voice.Model.NewStream(synthesis, _speaking.StreamParallelism(arguments));
        int rate = voice.Model.Recipe.SampleRate;
        using AudioPlayer player = output != null ? new WavPlayer(output, rate) : _player.Open(arguments, rate, terminal);
        var session = new PlaySession(player, stream, terminal);
        session.Speak(mels.Convert(frames));
        if (frames.Count == options.MaxFrames && options.Gate < 1)
            terminal.Warn($"vocoder: warning: the gate did not open in {frames.Count} frames: the end of the text may be missing; --max-frames sets the limit");
        string speech = FormattableString.Invariant(
            $"{(double)player.Written / rate:0.00} s of speech in {frames.Count} frames from {texts[0].Symbols.Count} symbols");
        double first = Stopwatch.GetElapsedTime(start, session.First).TotalMilliseconds;
        terminal.Say($"{output ?? player.Name}: {speech}, first samples after {first:0} ms{Speaker.Limited(player.Limited)}");
        return VocoderCommand.Success;
    }

    private void CheckOutput(ParseResult arguments, string? output)
    {
        string[] inputs = [_flowtron.File(arguments), .. _flowtron.Styles(arguments)];
        if ((output ?? _player.File(arguments)) is { } file) Files.CheckNotAnInput(file, inputs);
        if (output == null) return;
        if (_player.Typed(arguments) is { } option) throw new UsageException($"found '{output}' and {option}, expected a file or a player");
        Files.CheckEnding(output, "a recording", ".wav", ".wave");
        Files.CheckWritable(output);
    }

    private string Text(ParseResult arguments, Terminal terminal)
    {
        string text = arguments.GetRequiredValue(_text);
        if (text != Pipes.Dash) return text;
        using var reader = new StreamReader(terminal.OpenPipeIn("a text"));
        return reader.ReadToEnd();
    }
}
