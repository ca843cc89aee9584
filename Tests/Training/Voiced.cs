namespace FlowVocoder.Tests.Training;

/// <summary>Sounds that a vocoder can learn in a moment.</summary>
internal static class Voiced
{
    public const int SampleRate = 22050;

    /// <summary>Ten harmonics of a gliding fundamental and a little noise; the last sixth is noise alone.</summary>
    public static float[] Speech(int samples, double hz, int seed)
    {
        var random = new Random(seed);
        var audio = new float[samples];
        double phase = 0;
        for (int t = 0; t < samples; t++)
        {
            phase += 2 * Math.PI * hz * (1 + 0.1 * Math.Sin(2 * Math.PI * 2 * t / SampleRate)) / SampleRate;
            double voice = t < samples * 5 / 6 ? Enumerable.Range(1, 10).Sum(k => 0.15 / k * Math.Cos(k * phase)) : 0;
            audio[t] = (float)(voice + 0.03 * (random.NextDouble() - 0.5));
        }
        return audio;
    }

    /// <summary>A sine.</summary>
    public static float[] Sine(int samples, double hz, int sampleRate, double amplitude = 0.5) =>
        [.. Enumerable.Range(0, samples).Select(t => (float)(amplitude * Math.Sin(2 * Math.PI * hz * t / sampleRate)))];
}
