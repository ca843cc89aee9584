using System.CommandLine;
using System.Diagnostics;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Models;
using FlowVocoder.Plots;
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
    private readonly Option<string?> _picture = new("--picture")
    {
        Description = "Also draws where the text was read for each frame, and the mel", HelpName = "FILE.png|FILE.svg",
    };
    private readonly FlowtronSpeech _flowtron;
    private readonly Option<bool> _approximate = MelOptions.Approximate();
    private readonly SpeakingOptions _speaking;
    private readonly PlayerOptions _player;

    public SpeakVerb() : base("speak", "Speaks a text: a Flowtron, of which you have a checkpoint, makes the mel, and a voice speaks each frame as it comes.",
        "vocoder speak \"Hello, world.\" hello.wav --flowtron flowtron_ljs.pt",
        "vocoder speak \"The train left at 10:30.\" out.wav --flowtron flowtron_libritts.pt --speaker 3 --flow-sigma 0.7 --dictionary cmudict",
        "vocoder speak \"Hello, world.\" hello.wav --flowtron reader.safetensors --picture attention.png",
        "vocoder speak \"What a surprise!\" out.wav --flowtron flowtron_ljs.pt --style surprised.wav --style-text \"I did not expect that!\"",
        "vocoder speak \"Turn left on {HH AW1 S T AH0 N} Street.\" --flowtron flowtron_ljs.pt")
    {
        Add(_text.OfFiles(orPipe: true));
        Add(_output.OfFiles());
        _flowtron = new FlowtronSpeech(this);
        Add(_picture);
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
        FlowtronText[] texts = _flowtron.Read(arguments, Text(arguments, terminal), synthesis.Seed, terminal);
        Flowtron model = _flowtron.Load(arguments);
        MelInput mels = MelOptions.Input(model.Recipe, voice, arguments.GetValue(_approximate), terminal);
        var (engine, parallelism) = (voice.Model.Engine, _speaking.Parallelism(arguments));
        FlowtronOptions options = _flowtron.Options(arguments, model, engine, texts[1..], synthesis.Seed, parallelism, terminal);
        string? picture = arguments.GetValue(_picture);
        var frames = new FlowtronFrames(model.Speak(engine, parallelism, texts[0].Symbols, options), model.Recipe.Bands, _flowtron.File(arguments),
            keep: picture != null);
        VocoderStream stream = voice.Model.NewStream(synthesis, _speaking.StreamParallelism(arguments));
        int rate = voice.Model.Recipe.SampleRate;
        using AudioPlayer player = output != null ? new WavPlayer(output, rate) : _player.Open(arguments, rate, terminal);
        var session = new PlaySession(player, stream, terminal);
        session.Speak(mels.Convert(frames));
        const string limit = "; --max-frames sets the limit";
        if (frames.Count == options.MaxFrames && options.Gate < 1)
            terminal.Warn($"vocoder: warning: the gate did not open in {frames.Count} frames: the {Cut(model.Config.Flows)} of the text may be missing{limit}");
        string speech = FormattableString.Invariant(
            $"{(double)player.Written / rate:0.00} s of speech in {frames.Count} frames from {texts[0].Symbols.Count} symbols");
        double first = Stopwatch.GetElapsedTime(start, session.First).TotalMilliseconds;
        string waited = FormattableString.Invariant($"{frames.First.TotalMilliseconds:0} of them until Flowtron's first frame{Delay(model.Config.Flows)}");
        terminal.Say($"{output ?? player.Name}: {speech}, first samples after {first:0} ms, {waited}{Speaker.Limited(player.Limited)}");
        if (picture != null) Draw(picture, model, texts[0], frames.Kept, terminal);
        return VocoderCommand.Success;
    }

    // The flow that has the gate goes from the end to the beginning where it is the second, the fourth, ….
    private static string Cut(int flows) => flows % 2 == 0 ? "beginning" : "end";

    // Only the flow that is undone last streams.
    private static string Delay(int flows) => flows == 1 ? ""
        : flows == 2 ? ", for which its other flow had to reach the end" : $", for which its {flows - 1} other flows had to reach the end";

    private static void Draw(string path, Flowtron model, FlowtronText text, IReadOnlyList<FlowtronFrame> frames, Terminal terminal)
    {
        int flows = model.Config.Flows;
        AttentionPanel[] panels = [.. Enumerable.Range(0, flows).Select(k => new AttentionPanel(
            flows == 1 ? "attention" : $"attention of flow {flows - k} of {flows}", [.. frames.Select(frame => frame.Attention[k])]))];
        Picture picture = AttentionPicture.Render(panels, [.. text.Symbols.Select(FlowtronSymbols.Name)], "mel", [.. frames.Select(frame => frame.Values)],
            (double)model.Recipe.HopSize / model.Recipe.SampleRate);
        AtomicFile.Write(path, stream => picture.Write(stream, path));
        terminal.Say($"{path}: {picture.Width} x {picture.Height} pixels");
    }

    private void CheckOutput(ParseResult arguments, string? output)
    {
        string[] inputs = [_flowtron.File(arguments), .. _flowtron.Styles(arguments)];
        if (arguments.GetValue(_picture) is { } picture)
        {
            if (!Picture.IsFileName(picture)) throw new UsageException($"--picture is '{picture}', expected a name that ends in .png or .svg");
            Files.CheckNotAnInput(picture, inputs);
            Files.CheckWritable(picture);
        }
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
