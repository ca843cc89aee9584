using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Training;

/// <summary>What a checkpoint knows of its run besides the state.</summary>
/// <param name="Config">The configuration it was last run with.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Name">Name of the voice.</param>
/// <param name="Licence">Licence of the recordings.</param>
/// <param name="Command">The command it was started by, and those that went on.</param>
/// <param name="Teacher">Fingerprint of the voice that teaches; empty without one.</param>
public sealed record SavedRun(TrainingConfig Config, long Step, string Name, string Licence, string Command, string Teacher);

/// <summary>
/// The whole state of a run in one safetensors file, written beside and renamed over the last one, so that a kill at any moment leaves a
/// usable checkpoint.
/// </summary>
internal static class Checkpoint
{
    private const string Format = "flowvocoder-checkpoint";

    public static void Save(string path, Trainer trainer, ParameterSet parameters, SavedRun run)
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = Format,
            ["config"] = run.Config.ToJson(),
            ["name"] = run.Name,
            ["licence"] = run.Licence,
            ["command"] = run.Command,
            ["teacher"] = run.Teacher,
            ["step"] = Text(trainer.Step),
            ["skipped"] = Text(trainer.Skipped),
            ["updates"] = Text(trainer.Updates),
            ["adversary_updates"] = Text(trainer.AdversaryUpdates),
            // As bits: the guard's decisions must not depend on a decimal rounding.
            ["mean_loss_bits"] = Bits(trainer.MeanLoss),
            ["health"] = trainer.Health.Measure,
            ["unusable_bits"] = Bits(trainer.Health.Unusable),
            ["recent_bits"] = Bits(trainer.Health.Recent),
            ["lowest_recent_bits"] = Bits(trainer.Health.LowestRecent),
            ["best_bits"] = Bits(trainer.Health.Best),
            ["best_step"] = Text(trainer.Health.BestStep),
        };
        var tensors = parameters.Items.Select(p => (p.Name, p.Shape, (ReadOnlyMemory<float>)p.Value.Span.ToArray()))
            .Concat(trainer.Tensors.Select(t => (t.Name, new[] { t.Values.Length }, (ReadOnlyMemory<float>)t.Values)));
        AtomicFile.Write(path, stream => SafeTensorsFile.Write(stream, tensors, metadata));
    }

    public static void Load(string path, Trainer trainer, ParameterSet parameters)
    {
        SafeTensorsFile file = Open(path);
        parameters.Load(path, name => Find(file, name));
        // A run that had no discriminators so far may get them now.
        bool isNew = !file.Tensors.Keys.Any(name => name.StartsWith("adversary.", StringComparison.Ordinal));
        HashSet<string> absent = isNew ? [.. trainer.Adversary.Select(t => t.Name)] : [];
        foreach (var (name, values) in trainer.Tensors.Where(t => !absent.Contains(t.Name)))
        {
            if (Find(file, name) is not { } found || found.Data.Length != values.Length)
                throw new VocoderException($"{path}: tensor '{name}' is missing or not of {values.Length} values");
            found.Data.CopyTo(values);
        }
        trainer.Restore(Count(file, path, "step"), Count(file, path, "skipped"), Count(file, path, "updates"),
            file.Metadata.ContainsKey("adversary_updates") ? Count(file, path, "adversary_updates") : 0,
            Double(file, path, "mean_loss_bits"));
        // A run of a former version has none, and one whose losses have changed is judged by another number: both begin with what they are now.
        if (file.Metadata.GetValueOrDefault("health") == trainer.Health.Measure)
            trainer.Health.Restore(Double(file, path, "unusable_bits"), Double(file, path, "recent_bits"), Double(file, path, "lowest_recent_bits"),
                Double(file, path, "best_bits"), Count(file, path, "best_step"));
    }

    /// <summary>What is known of the run.</summary>
    public static SavedRun ReadRun(string path)
    {
        SafeTensorsFile file = Open(path);
        string Of(string key) => Value(file, path, key);
        return new SavedRun(TrainingConfig.FromJson(Of("config"), path), Count(file, path, "step"), Of("name"), Of("licence"), Of("command"), Of("teacher"));
    }

    private static SafeTensorsFile Open(string path)
    {
        SafeTensorsFile file = SafeTensorsFile.Read(path);
        return file.Metadata.GetValueOrDefault("format") == Format ? file
            : throw new VocoderException(
                $"{path}: not a checkpoint, its format is '{file.Metadata.GetValueOrDefault("format", "not given")}', expected '{Format}'");
    }

    private static (int[] Shape, float[] Data)? Find(SafeTensorsFile file, string name) =>
        file.Tensors.TryGetValue(name, out SafeTensor? tensor) ? (tensor.Shape, tensor.Data) : null;

    private static string Value(SafeTensorsFile file, string path, string key) =>
        file.Metadata.TryGetValue(key, out string? value) ? value : throw new VocoderException($"{path}: the checkpoint lacks '{key}'");

    private static long Number(SafeTensorsFile file, string path, string key) =>
        long.TryParse(Value(file, path, key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number
            : throw new VocoderException($"{path}: '{key}' is '{file.Metadata[key]}', expected a whole number");

    private static long Count(SafeTensorsFile file, string path, string key) => Number(file, path, key) is >= 0 and var count ? count
        : throw new VocoderException($"{path}: '{key}' is '{file.Metadata[key]}', expected a whole number from 0");

    private static double Double(SafeTensorsFile file, string path, string key) => BitConverter.Int64BitsToDouble(Number(file, path, key));

    private static string Bits(double value) => Text(BitConverter.DoubleToInt64Bits(value));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
