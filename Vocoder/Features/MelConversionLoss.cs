namespace FlowVocoder.Features;

/// <summary>What a conversion loses, measured on speech-like sound that can be made at any rate.</summary>
internal static class MelConversionLoss
{
    private const double Seconds = 0.5, HighestHz = 11000;
    private const int NoiseTones = 100;

    /// <summary>The mean difference in nepers of amplitude.</summary>
    public static double Measure(MelRecipe source, MelRecipe target)
    {
        // On the grid of the target, so that frames can be compared.
        MelConversion conversion = MelConversion.Between(source, target, onGrid: true);
        float[] converted = conversion.Convert(new MelSpectrogram(source).Compute(Sound(source.SampleRate)));
        float[] own = new MelSpectrogram(target).Compute(Sound(target.SampleRate));
        int frames = converted.Length / target.Bands, ownFrames = own.Length / target.Bands, count = 0;
        double sum = 0;
        // Not at the edges, where paddings differ.
        for (int f = 3; f < Math.Min(frames, ownFrames) - 3; f++)
            for (int b = 0; b < target.Bands; b++, count++) sum += Math.Abs(converted[(b * frames) + f] - own[(b * ownFrames) + f]);
        return sum / Math.Max(1, count) * target.NatsPerUnit / target.SpectrumPower;
    }

    /// <summary>Half a second: harmonics of 110 to 150 Hz under three resonances, and a hiss of a hundred tones that swells towards the end.</summary>
    private static float[] Sound(int rate)
    {
        float[] sound = new float[(int)(Seconds * rate)];
        var random = new Random(1);
        (double Hz, double Phase)[] tones = [.. Enumerable.Range(0, NoiseTones)
            .Select(_ => (60 + ((HighestHz - 60) * random.NextDouble()), 2 * Math.PI * random.NextDouble()))];
        for (int t = 0; t < sound.Length; t++)
        {
            double seconds = (double)t / rate, hz = 110 + (80 * seconds), phase = 2 * Math.PI * ((110 * seconds) + (40 * seconds * seconds)), value = 0;
            for (int k = 1; k * hz < Math.Min(HighestHz, rate / 2.0); k++) value += Level(k * hz) * Math.Sin(k * phase);
            foreach (var (toneHz, start) in tones)
                if (toneHz < rate / 2.0) value += 2e-3 * seconds * Math.Sin((2 * Math.PI * toneHz * seconds) + start);
            sound[t] = (float)(0.2 * value);
        }
        return sound;
    }

    private static double Level(double hz) => 1 / (1 + (hz / 500)) * (0.05 + Peak(hz, 600, 120) + (0.5 * Peak(hz, 1500, 200)) + (0.3 * Peak(hz, 2600, 300)));

    private static double Peak(double hz, double centre, double width) => 1 / (1 + ((hz - centre) * (hz - centre) / (width * width)));
}
