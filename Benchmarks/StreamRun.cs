using System.Diagnostics;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>A stream that is fed chunks of one size, with the times of its steps.</summary>
internal sealed class StreamRun
{
    private readonly VocoderStream _stream;
    private readonly float[] _frames, _samples;
    private readonly double[] _shortest;
    private readonly List<double> _times = [];
    private readonly int _firstStep;

    public StreamRun(VocoderStream stream, int chunk, float[] frames)
    {
        (_stream, Chunk, _frames) = (stream, chunk, frames);
        int count = frames.Length / stream.Bands, steps = (count + chunk - 1) / chunk;
        _samples = new float[Math.Max(chunk, stream.LookAheadFrames) * stream.HopSize];
        // One more for the flush.
        _shortest = new double[steps + 1];
        Array.Fill(_shortest, double.PositiveInfinity);
        _firstStep = Math.Min(stream.LookAheadFrames / chunk, steps);
    }

    /// <summary>Frames in a chunk.</summary>
    public int Chunk { get; }

    /// <summary>Time of the whole, the shortest of each step taken, seconds.</summary>
    public double Shortest => _shortest.Sum();

    /// <summary>Time of the pushes up to the one that gives the first samples, when frames are there as soon as they are wanted.</summary>
    public double First => _shortest.Take(_firstStep + 1).Sum();

    /// <summary>Size of the saved state while it runs.</summary>
    public long StateBytes { get; private set; }

    /// <summary>Time that so large a part of all steps does not exceed.</summary>
    public double Percentile(double part)
    {
        double[] sorted = [.. _times.Order()];
        return sorted[(int)(part * (sorted.Length - 1))];
    }

    public void Once(bool isMeasured)
    {
        int size = Chunk * _stream.Bands;
        _stream.Reset();
        for (int step = 0; step < _shortest.Length; step++)
        {
            if (step == _shortest.Length / 2) StateBytes = _stream.StateBytes;
            ReadOnlySpan<float> chunk = _frames.AsSpan(Math.Min(step * size, _frames.Length));
            long start = Stopwatch.GetTimestamp();
            if (chunk.IsEmpty) _stream.Flush(_samples);
            else _stream.Push(chunk[..Math.Min(size, chunk.Length)], _samples);
            double time = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (!isMeasured) continue;
            if (!chunk.IsEmpty) _times.Add(time);
            _shortest[step] = Math.Min(_shortest[step], time);
        }
    }
}
