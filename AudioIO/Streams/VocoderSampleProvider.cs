using FlowVocoder.Streaming;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>
/// Speech as a source in a graph of NAudio: frames are spoken when somebody reads, so that it can be mixed, resampled and written like any other
/// source. Bit for bit what <see cref="Synthesizer"/> makes of the same frames.
/// </summary>
/// <remarks>
/// Reading computes, and waits where the frames come late. That never holds up a device behind an <see cref="Players.AudioPlayer"/> (sound cards of Linux
/// and Windows, files, pipes), which reads ahead on a thread of its own; put a <see cref="Players.BufferedPlayer"/> before any other player of NAudio.
/// </remarks>
public sealed class VocoderSampleProvider : ISampleProvider
{
    private readonly MelFrames _frames;
    private readonly VocoderStream _stream;
    private readonly CancellationToken _cancellation;
    private readonly float[] _chunk;
    private readonly SpeechPieces _pieces;
    private readonly Func<bool> _more;
    private bool _ended;

    /// <summary>Speaks frames.</summary>
    /// <param name="frames">The frames, see <see cref="MelFrames.Of"/>.</param>
    /// <param name="stream">The voice, at the start of a signal.</param>
    /// <param name="mostFrames">Frames that are spoken at once. The default value is 4: 46 ms at the usual rate.</param>
    /// <param name="cancellation">Ends a read that waits for frames.</param>
    /// <exception cref="VocoderException">The frames have another number of bands than the voice.</exception>
    public VocoderSampleProvider(MelFrames frames, VocoderStream stream, int mostFrames = 4, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostFrames, 1);
        if (frames.Bands != stream.Bands) throw new VocoderException($"the mel has {frames.Bands} bands, expected {stream.Bands} as the voice");
        (_frames, _stream, _cancellation, _more) = (frames, stream, cancellation, More);
        _chunk = new float[mostFrames * stream.Bands];
        _pieces = new SpeechPieces(Math.Max(mostFrames, stream.LookAheadFrames) * stream.HopSize);
        WaveFormat = WaveFormat.CreateIeeeFloatWaveFormat(stream.Model.Recipe.SampleRate, 1);
    }

    /// <summary>Mono floats at the rate of the voice.</summary>
    public WaveFormat WaveFormat { get; }

    /// <summary>The mel frame that the next sample belongs to: what is being said, for lips that move with it.</summary>
    public long Frame => (_stream.SamplePosition - _pieces.Left) / _stream.HopSize;

    /// <summary>
    /// What was wrong with a frame, which the next read throws. To be asked at the end of a chain with a mixer of NAudio in it: that takes the last, short read
    /// before the mistake for the end of its source and reads no further.
    /// </summary>
    public VocoderException? Mistake { get; private set; }

    /// <summary>Speaks on.</summary>
    /// <param name="buffer">Receives the samples; filled, unless the speech ends in it.</param>
    /// <returns>Samples written; 0 at the end.</returns>
    /// <exception cref="VocoderException">
    /// A frame is no frame, or the voice makes samples of it that are not finite. All that came before it has been given, by the reads before this one.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public int Read(Span<float> buffer)
    {
        int written = _pieces.Read(buffer, _more);
        // Not before its turn: samples that this read has given already would be lost.
        return written > 0 || buffer.IsEmpty || Mistake == null ? written : throw Mistake;
    }

    private bool More()
    {
        while (!_ended)
        {
            bool any;
            try
            {
                int count = _frames.Read(_chunk, _cancellation);
                any = count > 0 ? _pieces.Take(_stream.Push(_chunk.AsSpan(0, count * _stream.Bands), _pieces.Samples)) : End();
            }
            catch (VocoderException e) when (!_ended)
            {
                // A mistake ends the frames; what the voice still holds of those before it is spoken first.
                Mistake = e;
                any = End();
            }
            if (any) return true;
        }
        return false;
    }

    private bool End()
    {
        _ended = true;
        return _pieces.Take(_stream.Flush(_pieces.Samples));
    }
}
