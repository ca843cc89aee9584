using System.Diagnostics;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Models;

namespace FlowVocoder.Cli;

/// <summary>The frames of a Flowtron on their way to a voice, each generated when it is asked for.</summary>
internal sealed class FlowtronFrames(IEnumerable<FlowtronFrame> frames, int bands, string name, bool keep = false) : MelFrames
{
    private readonly IEnumerator<FlowtronFrame> _frames = frames.GetEnumerator();

    public override int Bands => bands;

    /// <summary>Frames so far.</summary>
    public int Count { get; private set; }

    /// <summary>The frames themselves, where they are kept.</summary>
    public IReadOnlyList<FlowtronFrame> Kept => _kept;

    /// <summary>Time from when the first frame was asked for until it was there.</summary>
    public TimeSpan First { get; private set; }

    private readonly List<FlowtronFrame> _kept = [];

    public override int Read(Span<float> frames, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        if (!_frames.MoveNext()) return 0;
        if (Count == 0) First = Stopwatch.GetElapsedTime(start);
        foreach (float value in _frames.Current.Values)
        {
            if (float.IsFinite(value)) continue;
            throw new VocoderException($"{name}: makes {value} of the noise, in frame {Count}, expected weights that give finite mels");
        }
        _frames.Current.Values.CopyTo(frames);
        Count++;
        if (keep) _kept.Add(_frames.Current);
        return 1;
    }
}
