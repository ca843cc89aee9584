using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Models;

namespace FlowVocoder.Cli;

/// <summary>The frames of a Flowtron on their way to a voice, each generated when it is asked for.</summary>
internal sealed class FlowtronFrames(IEnumerable<FlowtronFrame> frames, int bands, string name) : MelFrames
{
    private readonly IEnumerator<FlowtronFrame> _frames = frames.GetEnumerator();

    public override int Bands => bands;

    /// <summary>Frames so far.</summary>
    public int Count { get; private set; }

    public override int Read(Span<float> frames, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_frames.MoveNext()) return 0;
        foreach (float value in _frames.Current.Values)
        {
            if (float.IsFinite(value)) continue;
            throw new VocoderException($"{name}: makes {value} of the noise, in frame {Count}, expected weights that give finite mels");
        }
        _frames.Current.Values.CopyTo(frames);
        Count++;
        return 1;
    }
}
