using System.Diagnostics;
using System.Threading.Channels;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Some streams of one model at once, each fed a frame whenever one is due in real time, with how late the samples come.</summary>
internal sealed class LoadRun(VocoderModel model, int streams, int frames)
{
    private readonly double _period = (double)model.Recipe.HopSize / model.Recipe.SampleRate;
    private readonly Channel<ReadOnlyMemory<float>>[] _mels = [.. Enumerable.Range(0, streams).Select(_ => Channel.CreateUnbounded<ReadOnlyMemory<float>>())];
    private readonly List<double>[] _delays = [.. Enumerable.Range(0, streams).Select(_ => new List<double>())];
    private readonly float[] _frames = BenchmarkVoices.Frames(model.Recipe, frames);
    private long _start;

    /// <summary>Runs to the end; times in seconds from the moment that a frame was due to that at which the samples it allows were there, sorted.</summary>
    public double[] Measure(double warmUp)
    {
        Task[] speaking = [.. Enumerable.Range(0, streams).Select(i => Task.Run(() => Speak(i)))];
        _start = Stopwatch.GetTimestamp();
        Feed();
        Task.WaitAll(speaking);
        int skipped = (int)(warmUp / _period);
        return [.. _delays.SelectMany(delays => delays.Skip(skipped)).Order()];
    }

    // Seconds after the start at which a frame of a stream is due: streams are spread over a period.
    private double Due(int stream, long frame) => _period * (frame + (double)stream / streams);

    private void Feed()
    {
        int bands = model.Recipe.Bands;
        for (int i = 0; i < frames; i++)
            for (int stream = 0; stream < streams; stream++)
            {
                while (Stopwatch.GetElapsedTime(_start).TotalSeconds < Due(stream, i)) Thread.Sleep(1);
                _mels[stream].Writer.TryWrite(_frames.AsMemory(i * bands, bands));
            }
        foreach (var mel in _mels) mel.Writer.Complete();
    }

    private async Task Speak(int stream)
    {
        VocoderStream voice = model.NewStream(new SynthesisOptions { Seed = (ulong)stream }, new Parallelism(1));
        await foreach (SpeechBuffer buffer in voice.SpeakAsync(_mels[stream].Reader.ReadAllAsync()).ConfigureAwait(false))
        {
            double now = Stopwatch.GetElapsedTime(_start).TotalSeconds;
            // Those of the end are due with the last frame.
            for (int i = 0; i < buffer.FrameCount; i++)
                _delays[stream].Add(now - Due(stream, Math.Min(frames - 1, buffer.FirstFrame + i + voice.LookAheadFrames)));
        }
    }
}
