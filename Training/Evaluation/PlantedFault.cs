using FlowVocoder.AudioIO;
using FlowVocoder.Compute;

namespace FlowVocoder.Training.Evaluation;

/// <summary>Something that goes wrong in recordings, put there on purpose.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Plant">Makes of a recording at some rate, with a source of chance, one with the fault, and where it is: a flag for each sample.</param>
/// <param name="Lasts">Whether the whole recording has it.</param>
public sealed record PlantedFault(string Name, Func<float[], int, Philox, (float[] Audio, bool[] Where)> Plant, bool Lasts)
{
    private const double MinGapSeconds = 0.35, MaxGapSeconds = 0.7;

    /// <summary>
    /// Clicks (0.4 ms, of a third of the peak) and dropouts (10 to 40 ms of zeros) twice a second or so, clipping at a third of the peak, recordings played 15
    /// % too fast and too slow, and the noise of µ-law coding with 8 bits (G.711 at the recording's own rate).
    /// </summary>
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("clicks", Clicks, Lasts: false), new("dropouts", Dropouts, Lasts: false), new("clipping", Clipping, Lasts: false),
        new("15 % too fast", (audio, rate, _) => Resampled(audio, rate, 1.15), Lasts: true),
        new("15 % too slow", (audio, rate, _) => Resampled(audio, rate, 0.85), Lasts: true),
        new("µ-law", (audio, _, _) => Whole([.. audio.Select(MuLaw)]), Lasts: true),
    ];

    private static (float[], bool[]) Clicks(float[] audio, int rate, Philox chance)
    {
        float peak = audio.Max(Math.Abs) / 3;
        return Planted(audio, rate, chance, (k, span) =>
        {
            int length = Math.Min(span.Length, (int)(0.0004 * rate));
            double sign = chance.Uniform(2, 0, k) < 0.5 ? -1 : 1;
            for (int t = 0; t < length; t++) span[t] += (float)(sign * peak * Math.Pow(-0.6, t));
            return length;
        });
    }

    private static (float[], bool[]) Dropouts(float[] audio, int rate, Philox chance) => Planted(audio, rate, chance, (k, span) =>
    {
        int length = Math.Min(span.Length, (int)((0.01 + 0.03 * chance.Uniform(2, 0, k)) * rate));
        span[..length].Clear();
        return length;
    });

    private static (float[], bool[]) Clipping(float[] audio, int rate, Philox chance)
    {
        float most = audio.Max(Math.Abs) / 3;
        return ([.. audio.Select(x => Math.Clamp(x, -most, most))], [.. audio.Select(x => Math.Abs(x) > most)]);
    }

    private static (float[], bool[]) Resampled(float[] audio, int rate, double speed) => Whole(Resampler.Resample(audio, (int)Math.Round(rate * speed), rate));

    // G.711's curve with µ = 255, 8 bits.
    private static float MuLaw(float x)
    {
        double y = Math.Round(127 * Math.Sign(x) * Math.Log(1 + 255 * Math.Min(1, Math.Abs(x))) / Math.Log(256)) / 127;
        return (float)(Math.Sign(y) * (Math.Pow(256, Math.Abs(y)) - 1) / 255);
    }

    private static (float[], bool[]) Whole(float[] audio) => (audio, [.. Enumerable.Repeat(true, audio.Length)]);

    private delegate int Change(int number, Span<float> from);

    private static (float[], bool[]) Planted(float[] audio, int rate, Philox chance, Change change)
    {
        float[] result = [.. audio];
        var where = new bool[audio.Length];
        double Gap(int k) => MinGapSeconds + (MaxGapSeconds - MinGapSeconds) * chance.Uniform(1, 0, k);
        for (int k = 0, at = (int)(Gap(0) * rate); at < audio.Length; at += (int)(Gap(++k) * rate)) where.AsSpan(at, change(k, result.AsSpan(at))).Fill(true);
        return (result, where);
    }
}
