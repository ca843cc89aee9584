using System.Runtime.InteropServices;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Inputs;

/// <summary>
/// Any recorder of NAudio (WASAPI, ASIO, …) as an input: its callback is never held up, whoever reads may be late by a second, several channels are mixed.
/// </summary>
public sealed class BufferedInput : RingInput
{
    private readonly IWaveIn _source;
    private readonly WaveFormat _stored;
    private float[] _mono = [];
    private bool _closed;

    /// <summary>Begins to record.</summary>
    /// <param name="source">A recorder of 32-bit floats or 16-bit integers that has not been started yet; it belongs to this from now on.</param>
    /// <param name="name">What displays and errors call it.</param>
    /// <exception cref="VocoderException">It records in another format, or cannot be started.</exception>
    public BufferedInput(IWaveIn source, string name) : base(name, (source ?? throw new ArgumentNullException(nameof(source))).WaveFormat.SampleRate)
    {
        (_source, _stored) = (source, source.WaveFormat.AsStandardWaveFormat());
        bool known = (_stored.Encoding, _stored.BitsPerSample) is (WaveFormatEncoding.IeeeFloat, 32) or (WaveFormatEncoding.Pcm, 16);
        try
        {
            if (!known) throw new VocoderException($"cannot record from {name}: found {_stored}, expected 32-bit floats or 16-bit integers");
            source.DataAvailable += (_, e) => Take(e.BufferSpan);
            source.RecordingStopped += (_, e) =>
            {
                if (e.Exception == null) Close();
                else Fail(new VocoderException($"cannot record from {name} any more: {e.Exception.Message.ReplaceLineEndings(" ")}", e.Exception));
            };
            source.StartRecording();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            source.Dispose();
            if (e is VocoderException) throw;
            throw new VocoderException($"cannot record from {name}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <inheritdoc/>
    protected override long Held => _closed || _source is not IWaveLatency latency ? 0 : (long)(latency.CurrentLatency.TotalSeconds * SampleRate);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || _closed) return;
        _closed = true;
        Close();
        _source.Dispose();
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        int channels = _stored.Channels, frames = bytes.Length / _stored.BlockAlign;
        if (_mono.Length < frames) _mono = new float[frames];
        Span<float> mono = _mono.AsSpan(0, frames);
        mono.Clear();
        if (_stored.Encoding == WaveFormatEncoding.IeeeFloat)
        {
            ReadOnlySpan<float> samples = MemoryMarshal.Cast<byte, float>(bytes);
            for (int i = 0; i < frames * channels; i++) mono[i / channels] += samples[i] / channels;
        }
        else
        {
            ReadOnlySpan<short> samples = MemoryMarshal.Cast<byte, short>(bytes);
            for (int i = 0; i < frames * channels; i++) mono[i / channels] += samples[i] / (32768f * channels);
        }
        Keep(mono);
    }
}
