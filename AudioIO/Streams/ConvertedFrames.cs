using FlowVocoder.Features;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Frames converted while they come.</summary>
internal sealed class ConvertedFrames(MelFrames inner, MelConversion conversion) : MelFrames
{
    // What is there is converted at once, up to so many frames.
    private const int MaxFrames = 32;

    private readonly MelConverter _converter = conversion.NewConverter();
    private readonly float[] _source = new float[MaxFrames * conversion.Source.Bands];
    private float[] _ready = [];
    private int _count, _taken;
    private bool _ended;
    private VocoderException? _problem;

    public override int Bands => conversion.Target.Bands;

    public override int Read(Span<float> frames, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames.Length, Bands, nameof(frames));
        while (_taken == _count && !_ended) Fill(cancellation);
        if (_taken == _count && _problem != null) throw _problem;
        int count = Math.Min(frames.Length / Bands, _count - _taken);
        _ready.AsSpan(_taken * Bands, count * Bands).CopyTo(frames);
        _taken += count;
        return count;
    }

    private void Fill(CancellationToken cancellation)
    {
        int read = 0;
        try
        {
            read = inner.Read(_source, cancellation);
        }
        catch (VocoderException e)
        {
            // What came before it is converted to its end first.
            _problem = e;
        }
        _ended = read == 0;
        int room = (_ended ? _converter.FlushCount : _converter.FramesAfter(read)) * Bands;
        if (_ready.Length < room) _ready = new float[room];
        (_taken, _count) = (0, _ended ? _converter.Flush(_ready) : _converter.Push(_source.AsSpan(0, read * inner.Bands), _ready));
    }
}
