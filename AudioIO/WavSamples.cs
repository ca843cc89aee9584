using System.Buffers.Binary;
using NAudio.Codecs;

namespace FlowVocoder.AudioIO;

/// <summary>Decodes the samples of a data chunk.</summary>
/// <param name="format">How they are stored.</param>
/// <param name="name">What errors call the file.</param>
/// <param name="sink">Takes them in.</param>
/// <param name="bigEndian">As AIFF has them: the bytes of a sample from the highest, and single bytes signed.</param>
internal sealed class WavSamples(WavHeader format, string name, IAudioSink sink, bool bigEndian = false)
{
    private const int FramesPerBlock = 8192;

    private readonly float[] _samples = new float[FramesPerBlock * format.Channels];

    /// <summary>Samples per channel so far.</summary>
    public long Length { get; private set; }

    /// <summary>Reads <paramref name="expected"/> bytes (null: all there are), and returns how many there were.</summary>
    /// <param name="stream">At the first sample.</param>
    /// <param name="expected">What the header claims.</param>
    /// <param name="left">What the stream has, where it can tell: allows to reserve the memory at once.</param>
    public long ReadAll(Stream stream, ulong? expected, long? left)
    {
        ulong size = expected ?? ulong.MaxValue;
        sink.Begin(format.Channels, format.SampleRate, left is { } present ? (long)Math.Min((ulong)present, size) / format.BytesPerFrame : null);
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

    // A last frame that is not whole can only come from a header that counts wrong or a stream that was cut: no sample of it is kept.
    private void Append(ReadOnlySpan<byte> bytes)
    {
        int frames = bytes.Length / format.BytesPerFrame;
        if (frames == 0)
            return;
        Span<float> samples = _samples.AsSpan(0, frames * format.Channels);
        Decode(bytes, samples);
        sink.Write(samples);
        Length += frames;
    }

    private void Decode(ReadOnlySpan<byte> bytes, Span<float> samples)
    {
        int size = format.BytesPerSample;
        Span<byte> turned = stackalloc byte[8];
        for (int i = 0; i < samples.Length; i++)
        {
            scoped ReadOnlySpan<byte> at = bytes.Slice(i * size, size);
            if (bigEndian)
            {
                for (int k = 0; k < at.Length; k++)
                    turned[k] = at[at.Length - 1 - k];
                at = turned[..at.Length];
            }

            samples[i] = (size, format.Coding) switch
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
            if (!float.IsFinite(samples[i]))
            {
                (long sample, int channel) = (Length + (i / format.Channels), i % format.Channels);
                throw new VocoderException(
                    $"'{name}' has {NotFinite.Name(samples[i])} at sample {sample} of channel {channel}, expected finite numbers");
            }
        }
    }
}
