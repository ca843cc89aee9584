using System.Globalization;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>A voice on an engine.</summary>
/// <param name="Voice">Its name or file, see <see cref="BenchmarkVoices.Loaded"/>.</param>
/// <param name="Engine">The word after --engine.</param>
/// <param name="Device">Where, for other engines than the managed one.</param>
/// <param name="Precision">In what, likewise.</param>
/// <param name="Threads">Threads, 0 for one a processor.</param>
/// <param name="Frames">Length of the mel.</param>
/// <param name="Streams">Whether streams are measured, of half the length.</param>
/// <param name="Seconds">How long each figure is measured.</param>
internal sealed record EngineRow(string Voice, string Engine, string Device, Precision Precision, int Threads, int Frames, bool Streams, double Seconds)
{
    /// <summary>Name of the command that measures one row.</summary>
    public const string Command = "engine-row";

    /// <summary>Measures it in a process of its own.</summary>
    public EngineFigures Measure() => EngineFigures.Parse(Child.Run(Command, Voice, Engine, Device, Precision.ToString(), Text(Threads), Text(Frames),
        Streams.ToString(), Text(Seconds)));

    /// <summary>Measures what <see cref="Measure"/> asked for, in this process.</summary>
    public static EngineFigures Here(string[] words) => new EngineRow(words[0], words[1], words[2], Enum.Parse<Precision>(words[3]),
        int.Parse(words[4], CultureInfo.InvariantCulture), int.Parse(words[5], CultureInfo.InvariantCulture), bool.Parse(words[6]),
        double.Parse(words[7], CultureInfo.InvariantCulture)).Here();

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    private EngineFigures Here()
    {
        LoadedVoice voice = BenchmarkVoices.Loaded(Voice);
        VocoderModel model = (VoiceEngine.Find(Engine)?.In(Precision).Put(voice, Device) ?? voice).Model;
        var parallelism = new Parallelism(Threads);
        var options = new SynthesisOptions { Match = 0 };
        float[] mel = BenchmarkVoices.Mel(model.Recipe, Frames);
        double second = (double)model.Recipe.SampleRate / model.Recipe.HopSize;
        double factor = second / Frames;
        var (time, processors) = Clock.Middle(() => Synthesizer.Synthesize(model, mel, options, parallelism), Seconds);
        if (!Streams) return new EngineFigures(time * factor, processors * factor, 0, null, 0, null, null, Machine.PeakMemory);
        float[] frames = BenchmarkVoices.Frames(model.Recipe, Frames / 2);
        VocoderStream stream = model.NewStream(options, parallelism);
        // A vocoder without a state speaks every window with its surroundings, and single frames would measure those.
        int step = model is IWindowedModel ? stream.StepFrames : 1, chunk = Math.Max(16, step);
        double Factor(StreamTimes times) => times.Whole * second / (frames.Length / stream.Bands);
        StreamTimes chunked = StreamTimes.Measure(stream, chunk, frames, Seconds), stepped = StreamTimes.Measure(stream, step, frames, Seconds);
        return new EngineFigures(time * factor, processors * factor, chunk, Factor(chunked), step, Factor(stepped), stepped.First, Machine.PeakMemory);
    }
}
