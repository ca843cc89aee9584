namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// Records into a wav file. The file appears, whole, when the player is disposed after a <see cref="Drain"/>; where nothing was ever drained
/// (because what generates was interrupted) none appears, and an earlier file stays as it was.
/// </summary>
public sealed class WavPlayer : AudioPlayer
{
    private readonly AtomicFile _file;
    private readonly WavWriter _writer;
    private bool _drained;

    /// <summary>Opens a temporary file beside the target, so that a target that cannot be written is told now.</summary>
    /// <param name="path">The file, replaced where it exists.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="format">The default value is <see cref="WavFormat.Pcm16"/>.</param>
    /// <exception cref="VocoderException">The file cannot be written.</exception>
    public WavPlayer(string path, int sampleRate, WavFormat format = WavFormat.Pcm16) : base($"'{path}'", sampleRate)
    {
        _file = new AtomicFile(path);
        try
        {
            _writer = new WavWriter(_file.Stream, sampleRate, format, leaveOpen: true);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override int BufferedSamples => 0;

    /// <inheritdoc/>
    protected override bool KeepsParts => false;

    /// <inheritdoc/>
    public override void Drain(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        _writer.Flush();
        _drained = true;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is queued: what was written counts as heard.</remarks>
    protected override void Discard()
    {
    }

    /// <inheritdoc/>
    protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation) => _writer.Write(samples);

    /// <inheritdoc/>
    /// <exception cref="VocoderException">The file cannot take its place.</exception>
    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        try
        {
            if (!_drained) return;
            _writer.Dispose();
            _file.Commit();
        }
        finally
        {
            _drained = false;
            _file.Dispose();
        }
    }
}
