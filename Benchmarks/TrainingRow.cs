using System.Globalization;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>Training of the default compact voice on an engine, on all processors.</summary>
/// <param name="Engine">The word after --engine.</param>
/// <param name="Device">Where, for other engines than the managed one.</param>
/// <param name="Precision">In what, likewise.</param>
/// <param name="Batch">Crops in a step.</param>
internal sealed record TrainingRow(string Engine, string Device, Precision Precision, int Batch)
{
    /// <summary>Name of the command that measures one row.</summary>
    public const string Command = "training-row";

    /// <summary>Seconds of a step, the median of some, and the largest resident memory in MiB, of a process of its own.</summary>
    public (double Step, double PeakMemory) Measure(int steps)
    {
        FormattableString words = $"{Command} {Engine} {Device} {Precision} {Batch} {steps}";
        string[] figures = Child.Run(FormattableString.Invariant(words).Split(' ')).Split(' ');
        return (double.Parse(figures[0], CultureInfo.InvariantCulture), double.Parse(figures[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Measures what <see cref="Measure"/> asked for, in this process, and gives the line.</summary>
    public static string Here(string[] words)
    {
        Engine engine = VoiceEngine.Find(words[0])?.In(Enum.Parse<Precision>(words[2])).ForTraining(words[1]) ?? Compute.Engine.Managed;
        int batch = int.Parse(words[3], CultureInfo.InvariantCulture), steps = int.Parse(words[4], CultureInfo.InvariantCulture);
        List<double> times = TrainingBenchmark.Steps(TrainingBenchmark.RandomData(), steps, Environment.ProcessorCount, engine, batch);
        return FormattableString.Invariant($"{Clock.Median(times)} {Machine.PeakMemory}");
    }
}
