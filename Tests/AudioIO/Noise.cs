namespace FlowVocoder.Tests.AudioIO;

/// <summary>Signals for tests that move samples about.</summary>
internal static class Noise
{
    /// <summary>White noise between ±0.9; no two samples alike, so that a lost, doubled or moved one shows.</summary>
    public static float[] Of(int samples, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, samples).Select(_ => 1.8f * random.NextSingle() - 0.9f)];
    }

    /// <summary>What 16 bits leave of samples, as integers.</summary>
    public static short[] In16Bits(ReadOnlySpan<float> samples)
    {
        var result = new short[samples.Length];
        for (int i = 0; i < result.Length; i++) result[i] = (short)Math.Clamp(Math.Round(samples[i] * 32768.0, MidpointRounding.ToEven), -32768, 32767);
        return result;
    }
}
