using System.Buffers.Binary;
using NAudio.Codecs;

namespace FlowVocoder.AudioIO;

/// <summary>Collects the samples of a data chunk, one growing array per channel.</summary>
/// <param name="format">How they are stored.</param>
/// <param name="name">What errors call the file.</param>
/// <param name="bigEndian">As AIFF has them: the bytes of a sample from the highest, and single bytes signed.</param>
internal sealed class WavSamples(WavHeader format, string name, bool bigEndian = false)
{
    private const int FramesPerBlock = 8192;

    private readonly float[][] _channels = NewChannels(format.Channels);

    /// <summary>Samples per channel so far.</summary>
    public int Length { get; private set; }

    /// <summary>Reads <paramref name="expected"/> bytes (null: all there are), and returns how many there were.</summary>
    /// <param name="stream">At the first sample.</param>
    /// <param name="expected">What the header claims.</param>
    /// <param name="left">What the stream has, where it can tell: allows to reserve the memory at once.</param>
    public long ReadAll(Stream stream, ulong? expected, long? left)
    {
        ulong size = expected ?? ulong.MaxValue;
        if (left is { } present)
            Reserve((long)Math.Min((ulong)present, size) / format.BytesPerFrame);
        var block = new byte[FramesPerBlock * format.BytesPerFrame];
        ulong total = 0;
        while (total < size)
        {
            int found = InputFile.ReadFully(stream, block.AsSpan(0, (int)Math.Min((ulong)block.Length, size - total)));
            Append(block.AsSpan(0, found));
            total += (ulong)found;
            if (found < block.Length)
                break;
        }

        return (long)total;
    }

    /// <summary>The samples in arrays of exactly their length.</summary>
    public float[][] ToChannels()
    {
        for (int c = 0; c < _channels.Length; c++)
            Array.Resize(ref _channels[c], Length);
        return _channels;
    }

    private static float[][] NewChannels(int count)
    {
        var channels = new float[count][];
        Array.Fill(channels, []);
        return channels;
    }

    private void Reserve(long frames)
    {
        if (frames > Array.MaxLength)
            throw new VocoderException($"'{name}' has {frames} samples per channel, expected at most {Array.MaxLength}");
        for (int c = 0; c < _channels.Length; c++)
            Array.Resize(ref _channels[c], (int)frames);
    }

    // A last frame that is not whole can only come from a header that counts wrong or a stream that was cut: no sample of it is kept.
    private void Append(ReadOnlySpan<byte> bytes)
    {
        int frames = bytes.Length / format.BytesPerFrame;
        if (frames == 0)
            return;
        if (Length + frames > _channels[0].Length)
            Reserve(Math.Max(Length + (long)frames, Math.Min(Array.MaxLength, 2L * Length)));
        for (int c = 0; c < _channels.Length; c++)
            Decode(bytes[(c * format.BytesPerSample)..], _channels[c].AsSpan(Length, frames), c);
        Length += frames;
    }

    private void Decode(ReadOnlySpan<byte> bytes, Span<float> samples, int channel)
    {
        int stride = format.BytesPerFrame;
        Span<byte> turned = stackalloc byte[8];
        for (int t = 0; t < samples.Length; t++)
        {
            scoped ReadOnlySpan<byte> at = bytes.Slice(t * stride, format.BytesPerSample);
            if (bigEndian)
            {
                for (int i = 0; i < at.Length; i++)
                    turned[i] = at[at.Length - 1 - i];
                at = turned[..at.Length];
            }

            samples[t] = (format.BytesPerSample, format.Coding) switch
            {
                (_, SampleCoding.ALaw) => ALawDecoder.ALawToLinearSample(at[0]) / 32768f,
                (_, SampleCoding.MuLaw) => MuLawDecoder.MuLawToLinearSample(at[0]) / 32768f,
                (1, _) => (bigEndian ? (sbyte)at[0] : at[0] - 128) / 128f,
                (2, _) => BinaryPrimitives.ReadInt16LittleEndian(at) / 32768f,
                (3, _) => ((sbyte)at[2] << 16 | at[1] << 8 | at[0]) / 8388608f,
                (4, SampleCoding.Integer) => BinaryPrimitives.ReadInt32LittleEndian(at) / 2147483648f,
                (4, _) => BinaryPrimitives.ReadSingleLittleEndian(at),
                _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(at),
            };
            if (!float.IsFinite(samples[t]))
                throw new VocoderException($"'{name}' has {NotFinite.Name(samples[t])} at sample {Length + t} of channel {channel}, expected finite numbers");
        }
    }
}
