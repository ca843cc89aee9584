using FlowVocoder.Features;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Mel frames one after the other, from a file or while somebody makes them.</summary>
public abstract class MelFrames
{
    /// <summary>Values of a frame.</summary>
    public abstract int Bands { get; }

    /// <summary>The mel that all frames are, where it is there as a whole; else null.</summary>
    public virtual MelArray? Whole => null;

    /// <summary>Takes the frames that are there, waiting for at least one.</summary>
    /// <param name="frames">Room for [n, <see cref="Bands"/>] values, one frame after the other; n ≥ 1.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Frames read; 0 at the end.</returns>
    /// <exception cref="VocoderException">What comes next is no frame. All frames before it have been given.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public abstract int Read(Span<float> frames, CancellationToken cancellation = default);

    /// <summary>The frames of a mel in memory.</summary>
    public static MelFrames Of(MelArray mel)
    {
        ArgumentNullException.ThrowIfNull(mel);
        return new ArrayFrames(mel);
    }

    /// <summary>
    /// Frames from a pipe: little-endian float32, frame after frame, without a header. A .npy file in the pipe is known by its first bytes and read to
    /// its end first.
    /// </summary>
    /// <param name="stream">The pipe.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="bands">Values of a frame.</param>
    /// <param name="framesFirst">As for <see cref="MelFile.Read(string, int, bool)"/>.</param>
    /// <exception cref="VocoderException">It is an .npy that cannot be used.</exception>
    public static MelFrames Open(Stream stream, string name, int bands, bool framesFirst = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        // As numbers, the first bytes of a .npy would be 2.2e8: no mel has them.
        ReadOnlySpan<byte> magic = [0x93, .. "NUMPY"u8];
        var start = new byte[magic.Length];
        int found = 0;
        // One that differs already is not waited for further: its frame may be all there is for a while.
        while (found < start.Length && start.AsSpan(0, found).SequenceEqual(magic[..found])
            && stream.Read(start, found, start.Length - found) is > 0 and var count)
            found += count;
        bool isNpy = start.AsSpan(0, found).SequenceEqual(magic);
        if (!isNpy) return new RawFrames(stream, name, bands, start.AsSpan(0, found));
        var whole = new MemoryStream();
        whole.Write(start);
        stream.CopyTo(whole);
        whole.Position = 0;
        return Of(MelFile.Read(whole, name, bands, framesFirst));
    }

    /// <summary>Frames of one recipe as those of another, each as soon as it can be.</summary>
    public static MelFrames Converted(MelFrames frames, MelConversion conversion)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(conversion);
        return frames.Whole is { } whole ? Of(whole.Convert(conversion)) : new ConvertedFrames(frames, conversion);
    }

    private sealed class ArrayFrames(MelArray mel) : MelFrames
    {
        private int _next;

        public override int Bands => mel.Bands;

        public override MelArray? Whole => mel;

        public override int Read(Span<float> frames, CancellationToken cancellation = default)
        {
            int count = Math.Min(frames.Length / Bands, mel.Frames - _next);
            for (int i = 0; i < count; i++)
                for (int b = 0; b < Bands; b++) frames[i * Bands + b] = mel.Data[b * mel.Frames + _next + i];
            _next += count;
            return count;
        }
    }
}
