using System.Text;
using System.Text.Json;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Training;

/// <summary>The log of a run: a report a line, as JSON.</summary>
public static class TrainingLog
{
    private static readonly JsonSerializerOptions s_log = new()
    {
        RespectRequiredConstructorParameters = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Reads the log of a run. What a kill cut off, a last line without an end that is no report, is left out.</summary>
    /// <param name="path">A log as <see cref="TrainingPaths.Log"/>.</param>
    /// <exception cref="VocoderException">It cannot be read, or a line is no report; the message names file and line.</exception>
    public static IReadOnlyList<TrainingReport> Read(string path)
    {
        var reports = new List<TrainingReport>();
        string[] lines = Lines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            bool isLast = i == lines.Length - 1;
            if (isLast && lines[i].Length == 0) break;
            try
            {
                reports.Add(JsonSerializer.Deserialize<TrainingReport>(lines[i], s_log) ?? throw new JsonException("it is null"));
            }
            catch (Exception e) when (JsonFault.Is(e))
            {
                if (isLast && i > 0) break;
                throw new VocoderException($"'{path}': line {i + 1} is no report of a training: {e.Message.ReplaceLineEndings(" ")}", e);
            }
        }
        return reports;
    }

    // The last is what stands behind the last end of line.
    private static string[] Lines(string path)
    {
        try
        {
            using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new StreamReader(log).ReadToEnd().Split('\n');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new VocoderException($"cannot read '{path}': the file does not exist", e);
        }
    }

    // Somebody may read it meanwhile, for a picture, which on Windows has to be allowed by both sides.
    internal static void Append(string path, TrainingReport report)
    {
        using var log = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        log.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(report, s_log) + "\n"));
    }

    // Lines of steps that will be done again are dropped, so that each step is told once. The means of a line begin where the run was resumed.
    internal static void Trim(string path, long step)
    {
        if (!File.Exists(path)) return;
        string[] kept = [.. File.ReadLines(path).Where(line => StepOf(line) is { } at && at <= step)];
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            foreach (string line in kept) writer.Write(line + "\n");
        });
    }

    private static long? StepOf(string line)
    {
        try
        {
            return JsonDocument.Parse(line).RootElement.GetProperty(nameof(TrainingReport.Step)).GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
