using System.Buffers.Binary;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Frames of little-endian float32 values from a pipe, checked as they come.</summary>
internal sealed class RawFrames : MelFrames
{
    private const int MaxFrames = 256;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly byte[] _bytes;
    private int _held;
    private long _frames;
    private VocoderException? _problem;

    /// <summary>Begins with bytes that were read already.</summary>
    public RawFrames(Stream stream, string name, int bands, ReadOnlySpan<byte> start)
    {
        (_stream, _name, Bands) = (stream, name, bands);
        _bytes = new byte[MaxFrames * FrameBytes];
        start.CopyTo(_bytes);
        _held = start.Length;
    }

    public override int Bands { get; }

    private int FrameBytes => Bands * sizeof(float);

    public override int Read(Span<float> frames, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames.Length, Bands, nameof(frames));
        cancellation.ThrowIfCancellationRequested();
        if (_problem != null) throw _problem;
        while (_held < FrameBytes)
        {
            int count = _stream.Read(_bytes, _held, _bytes.Length - _held);
            _held += count;
            if (count > 0) continue;
            RequireFrames();
            return _held == 0 ? 0
                : throw new VocoderException(
                    $"{_name} ends in the middle of frame {_frames}: found {_held} bytes of it, expected {FrameBytes} ({Bands} values of 4 bytes)");
        }
        RequireFrames();
        int ready = Math.Min(_held / FrameBytes, frames.Length / Bands);
        for (int i = 0; i < ready * Bands; i++) frames[i] = BinaryPrimitives.ReadSingleLittleEndian(_bytes.AsSpan(i * sizeof(float)));
        int good = Check(frames[..(ready * Bands)]);
        Buffer.BlockCopy(_bytes, ready * FrameBytes, _bytes, 0, _held - ready * FrameBytes);
        (_held, _frames) = (_held - ready * FrameBytes, _frames + good);
        return good > 0 ? good : throw _problem!;
    }

    // The first bytes are those of frames.
    private void RequireFrames()
    {
        if (_frames == 0 && ForeignBytes.Guess(_bytes.AsSpan(0, Math.Min(_held, FrameBytes))) is { } found)
            throw new VocoderException($"{_name} looks like {found}, expected mel frames of {Bands} little-endian float32 values, or a .npy file");
    }

    // Whole frames before the first value that is no number, which is remembered.
    private int Check(ReadOnlySpan<float> values)
    {
        int bad = NotFinite.IndexIn(values);
        if (bad < 0) return values.Length / Bands;
        int good = bad / Bands;
        _problem = new VocoderException($"{_name} has {NotFinite.Name(values[bad])} at [band {bad % Bands}, frame {_frames + good}], expected finite numbers");
        return good;
    }
}
