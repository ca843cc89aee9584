using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Voice → ONNX graph.</summary>
internal sealed class ExportVerb : Verb
{
    private readonly Argument<string> _voice = new("VOICE")
    {
        Description = "An installed voice or a voice file; 'teacher' speaks and 'student' scores step by step, for which there is no graph",
    };
    private readonly Argument<string> _output = new("OUT.onnx")
    {
        Description = "The graph to write: mel [1, bands, frames] to audio [1, 1, frames · hop], or what is asked for",
    };
    private readonly Option<bool> _score = new("--score")
    {
        Description = "The other way round: recording and mel in, and phase and F0 as 'vocoder encode' tracks them; out come latents and the log-density that "
            + "each layer adds to each frame",
    };
    private readonly Option<bool> _decode = new("--decode") { Description = "Back from there: latents in, with the same mel, phase and F0; recording out" };
    private readonly Option<bool> _streaming = new("--streaming")
    {
        Description = "State goes in and out, so that a signal is spoken in runs of any number of frames, each two frames late; "
            + "--match N makes that some three more a pass",
    };
    private readonly Option<bool> _noise = new("--noise-input")
    {
        Description = "Noise is an input too: equal inputs give equal speech, and batches are spoken at once. Default: drawn in the graph",
    };
    private readonly Option<float?> _pitch = Inputs.Number("--pitch", "SEMITONES", "Raises or lowers the voice, -24 to 24. Default: 0");
    private readonly Option<bool> _pitchInput = new("--pitch-input")
    {
        Description = "That shift is an input, 'pitch' [1] in semitones; matching, two passes at most, is then of the spectral envelope only",
    };
    private readonly Option<float?> _sigma = Inputs.Sigma();
    private readonly Option<int?> _match = Inputs.Match("what suits the voice; 1 suits the mels of acoustic models");
    private readonly Option<ulong?> _seed = Inputs.Seed("Seed of the phase in which the voice begins. Default: 0");

    public ExportVerb() : base("export", "Writes a voice as an ONNX graph, which other programs run without this one: ONNX Runtime, browsers, sherpa-onnx.",
        "vocoder export student student.onnx",
        "vocoder export student student.onnx --match 1",
        "vocoder export student stream.onnx --streaming --noise-input",
        "vocoder export compact score.onnx --score")
    {
        Add(_voice.OfFiles());
        Add(_output.OfFiles());
        foreach (Option option in (Option[])[_score, _decode, _streaming, _noise, _pitch, _pitchInput, _sigma, _match, _seed]) Add(option);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        Files.CheckEnding(output, "an ONNX graph", ".onnx");
        if (arguments.GetValue(_score) && arguments.GetValue(_decode)) throw new UsageException("found both --score and --decode, expected one of them");
        OnnxTask task = arguments.GetValue(_score) ? OnnxTask.Score : arguments.GetValue(_decode) ? OnnxTask.Decode : OnnxTask.Speak;
        LoadedVoice voice = VoiceLibrary.Load(arguments.GetRequiredValue(_voice));
        Files.CheckNotAnInput(output, [voice.Source]);
        Files.CheckWritable(output);
        byte[] graph = OnnxExporter.Export(voice, new OnnxExportOptions
        {
            Task = task, Streaming = arguments.GetValue(_streaming), NoiseInput = arguments.GetValue(_noise), Sigma = arguments.GetValue(_sigma),
            Pitch = arguments.GetValue(_pitch) ?? 0, PitchInput = arguments.GetValue(_pitchInput),
            Match = arguments.GetValue(_match), Seed = arguments.GetValue(_seed) ?? 0,
        });
        AtomicFile.Write(output, stream => stream.Write(graph));
        terminal.Say($"{output}: voice {voice.Name}, {graph.Length / 1e6:0.0} MB, operator set {OnnxExporter.Opset}");
        return VocoderCommand.Success;
    }
}
