using FlowVocoder.AudioIO.Inputs;

namespace FlowVocoder.AudioIO.Live;

/// <summary>Finds what is waiting in an input all the time, and skips it.</summary>
internal sealed class Backlog(AudioInput input)
{
    // Devices deliver some ten milliseconds at once: less than this is no delay.
    private readonly int _tolerated = input.SampleRate / 50;
    private readonly int _window = input.SampleRate / 4;
    private int _least = int.MaxValue, _since;

    /// <summary>Samples that were left out.</summary>
    public long Skipped { get; private set; }

    /// <summary>Counts samples that were read.</summary>
    public void Add(int samples) => _since += samples;

    /// <summary>To be called before each read: once in a quarter of a second of sound, reads what never went away meanwhile.</summary>
    /// <param name="scratch">Receives it.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public void Skip(float[] scratch, CancellationToken cancellation)
    {
        _least = Math.Min(_least, input.Waiting);
        if (_since < _window) return;
        for (int excess = _least > _tolerated ? _least : 0; excess > 0;)
        {
            int read = input.Read(scratch.AsSpan(0, Math.Min(excess, scratch.Length)), cancellation);
            if (read == 0) break;
            (Skipped, excess) = (Skipped + read, excess - read);
        }
        (_least, _since) = (int.MaxValue, 0);
    }
}
