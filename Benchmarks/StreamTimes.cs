using System.Diagnostics;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Medians of a stream that is fed calls of one size again and again, seconds.</summary>
/// <param name="Whole">All calls of a signal, and its end.</param>
/// <param name="First">The calls up to the first that gives samples, when frames are there as soon as they are wanted.</param>
internal readonly record struct StreamTimes(double Whole, double First)
{
    /// <summary>Measures for about so many seconds after one run to warm up, and at least twice.</summary>
    public static StreamTimes Measure(VocoderStream stream, int chunk, float[] frames, double budget)
    {
        var samples = new float[Math.Max(chunk, stream.LookAheadFrames) * stream.HopSize];
        List<double> whole = [], first = [];
        Once(stream, chunk * stream.Bands, frames, samples, [], []);
        long start = Stopwatch.GetTimestamp();
        while (whole.Count < 2 || Stopwatch.GetElapsedTime(start).TotalSeconds < budget)
            Once(stream, chunk * stream.Bands, frames, samples, whole, first);
        return new StreamTimes(Clock.Median(whole), Clock.Median(first));
    }

    private static void Once(VocoderStream stream, int size, ReadOnlySpan<float> frames, float[] samples, List<double> whole, List<double> first)
    {
        stream.Reset();
        long begin = Stopwatch.GetTimestamp(), spoken = 0;
        for (int position = 0; position < frames.Length; position += size)
        {
            int written = stream.Push(frames.Slice(position, Math.Min(size, frames.Length - position)), samples);
            if (spoken == 0 && written > 0) first.Add(Stopwatch.GetElapsedTime(begin).TotalSeconds);
            spoken += written;
        }
        stream.Flush(samples);
        whole.Add(Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
