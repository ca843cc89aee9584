using FlowVocoder.Streaming;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Speech without the hum of a WaveGlow, in a graph of NAudio: as many samples as the source gives, those of <see cref="Denoiser.Apply"/>.</summary>
public sealed class DenoisingSampleProvider : ISampleProvider
{
    // What is read at once; the denoiser's own step.
    private const int ChunkSamples = 256;

    private readonly ISampleProvider _source;
    private readonly DenoiserStream _denoiser;
    private readonly float[] _chunk = new float[ChunkSamples];
    private readonly SpeechPieces _pieces = new(DenoiserStream.LatencySamples + ChunkSamples);
    private readonly Func<bool> _more;
    private bool _ended;
    private VocoderException? _mistake;

    /// <summary>Denoises a source.</summary>
    /// <param name="source">Mono speech.</param>
    /// <param name="denoiser">The denoiser, at the start of a signal.</param>
    public DenoisingSampleProvider(ISampleProvider source, DenoiserStream denoiser)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(denoiser);
        (_source, _denoiser, _more) = (source, denoiser, More);
    }

    /// <summary>That of the source.</summary>
    public WaveFormat WaveFormat => _source.WaveFormat;

    /// <summary>Reads on.</summary>
    /// <param name="buffer">Receives the samples; filled, unless the speech ends in it.</param>
    /// <returns>Samples written; 0 at the end.</returns>
    /// <exception cref="VocoderException">The source failed. All that came before it has been given, by the reads before this one.</exception>
    public int Read(Span<float> buffer)
    {
        int written = _pieces.Read(buffer, _more);
        return written > 0 || buffer.IsEmpty || _mistake == null ? written : throw _mistake;
    }

    private bool More()
    {
        while (!_ended)
        {
            int count = 0;
            try
            {
                count = _source.Read(_chunk);
            }
            catch (VocoderException e)
            {
                // What the denoiser still holds of the speech before it comes first.
                _mistake = e;
            }
            _ended = count == 0;
            float[] samples = _pieces.Samples;
            if (_pieces.Take(_ended ? _denoiser.Flush(samples) : _denoiser.Push(_chunk.AsSpan(0, count), samples))) return true;
        }
        return false;
    }
}
