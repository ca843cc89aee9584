using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Writes a wav to any stream as the samples come. On a seekable stream the sizes in the header are brought up to date
/// every second of audio and at the end, so that a file that was cut off plays up to there; on a pipe they say
/// "unknown" (all ones), which players read to the end.
/// </summary>
public sealed class WavWriter : IDisposable
{
    private const uint Unknown = uint.MaxValue;
    private const int BlockSamples = 4096;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly WavFormat _format;
    private readonly long _origin;
    private readonly int _bytesPerFrame;
    private readonly long _patchInterval;
    private readonly byte[] _header;
    private readonly byte[] _block = new byte[BlockSamples * sizeof(float)];
    private long _dataBytes;
    private long _patchedAt;
    private bool _finished;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where to write, from its current position.</param>
    /// <param name="sampleRate">Samples per second and channel, positive.</param>
    /// <param name="format">The default value is <see cref="WavFormat.Pcm16"/>.</param>
    /// <param name="channels">1 to 8. The default value is 1.</param>
    /// <param name="leaveOpen">Whether <see cref="Dispose"/> leaves the stream open. The default value is false.</param>
    public WavWriter(Stream stream, int sampleRate, WavFormat format = WavFormat.Pcm16, int channels = 1, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 8);
        _stream = stream;
        _leaveOpen = leaveOpen;
        _format = format;
        _bytesPerFrame = channels * (format == WavFormat.Pcm16 ? sizeof(short) : sizeof(float));
        _patchInterval = (long)sampleRate * _bytesPerFrame;
        _header = NewHeader(sampleRate, format, channels);
        _origin = stream.CanSeek ? stream.Position : 0;
        SetSizes(Unknown);
        _stream.Write(_header);
    }

    /// <summary>Writes samples (interleaved where there are several channels), full scale ±1.</summary>
    /// <exception cref="VocoderException">A sample is NaN or infinite; none after it is written.</exception>
    public void Write(ReadOnlySpan<float> samples)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        while (!samples.IsEmpty)
        {
            ReadOnlySpan<float> part = samples[..Math.Min(BlockSamples, samples.Length)];
            samples = samples[part.Length..];
            int bytes = Encode(part);
            // Where the stream fails, Dispose must not try to write to it again and hide the first error.
            _finished = true;
            _stream.Write(_block.AsSpan(0, bytes));
            _dataBytes += bytes;
            if (_dataBytes - _patchedAt >= _patchInterval)
                PatchSizes();
            _finished = false;
        }
    }

    /// <summary>
    /// Hands what was written to the stream's reader, with a header that counts it where the stream can seek. Only streams that
    /// somebody reads meanwhile need it.
    /// </summary>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        _finished = true;
        PatchSizes();
        _finished = false;
    }

    /// <summary>Completes the header and, unless told otherwise, closes the stream.</summary>
    public void Dispose()
    {
        try
        {
            if (!_finished)
                PatchSizes();
        }
        finally
        {
            _finished = true;
            if (!_leaveOpen)
                _stream.Dispose();
        }
    }

    private static byte[] NewHeader(int sampleRate, WavFormat format, int channels)
    {
        bool isFloat = format == WavFormat.Float32;
        int sampleBytes = isFloat ? sizeof(float) : sizeof(short);
        // Anything but PCM carries an extension size of 0 and a fact chunk (Microsoft, "Multimedia Data Standards Update").
        var header = new byte[isFloat ? 58 : 44];
        Span<byte> h = header;
        "RIFF"u8.CopyTo(h);
        "WAVEfmt "u8.CopyTo(h[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(h[16..], isFloat ? 18 : 16);
        BinaryPrimitives.WriteInt16LittleEndian(h[20..], (short)(isFloat ? 3 : 1));
        BinaryPrimitives.WriteInt16LittleEndian(h[22..], (short)channels);
        BinaryPrimitives.WriteInt32LittleEndian(h[24..], sampleRate);
        BinaryPrimitives.WriteUInt32LittleEndian(h[28..], (uint)Math.Min(uint.MaxValue, (long)sampleRate * channels * sampleBytes));
        BinaryPrimitives.WriteInt16LittleEndian(h[32..], (short)(channels * sampleBytes));
        BinaryPrimitives.WriteInt16LittleEndian(h[34..], (short)(sampleBytes * 8));
        if (isFloat)
        {
            "fact"u8.CopyTo(h[38..]);
            BinaryPrimitives.WriteInt32LittleEndian(h[42..], sizeof(uint));
        }

        "data"u8.CopyTo(h[^8..]);
        return header;
    }

    private int Encode(ReadOnlySpan<float> samples)
    {
        int bad = NotFinite.IndexIn(samples);
        if (bad >= 0)
        {
            long index = _dataBytes / (_format == WavFormat.Pcm16 ? sizeof(short) : sizeof(float)) + bad;
            throw new VocoderException($"cannot write wav: sample {index} is {NotFinite.Name(samples[bad])}, expected finite numbers");
        }

        Span<byte> block = _block;
        if (_format == WavFormat.Float32)
        {
            for (int i = 0; i < samples.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(block[(sizeof(float) * i)..], samples[i]);
            return samples.Length * sizeof(float);
        }

        return Pcm16.Encode(samples, block);
    }

    private void PatchSizes()
    {
        _patchedAt = _dataBytes;
        if (_stream.CanSeek)
        {
            // More than a 32-bit size can say stays "unknown": such files are read to their end.
            bool fits = _dataBytes <= Unknown - _header.Length - 1;
            SetSizes(fits ? (uint)_dataBytes : Unknown);
            long end = _stream.Position;
            // The samples reach the file before a header that counts them.
            _stream.Flush();
            _stream.Position = _origin;
            _stream.Write(_header);
            _stream.Position = end;
        }

        _stream.Flush();
    }

    private void SetSizes(uint dataBytes)
    {
        bool known = dataBytes != Unknown;
        Span<byte> h = _header;
        BinaryPrimitives.WriteUInt32LittleEndian(h[4..], known ? dataBytes + (uint)_header.Length - 8 : Unknown);
        if (_format == WavFormat.Float32)
            BinaryPrimitives.WriteUInt32LittleEndian(h[46..], known ? dataBytes / (uint)_bytesPerFrame : Unknown);
        BinaryPrimitives.WriteUInt32LittleEndian(h[^4..], dataBytes);
    }
}
