using FlowVocoder.Models;

namespace FlowVocoder.AudioIO;

/// <summary>
/// A recording as everything here takes it (<see cref="Recording"/>), read from its file each time it is gone through: memory does not grow with its length.
/// Not thread-safe.
/// </summary>
public sealed class RecordingSource : ISampleSource, IDisposable
{
    private readonly Stream _stream;
    private readonly string _name;
    private readonly int? _sampleRate;
    private readonly long _start;

    /// <summary>Opens a file.</summary>
    /// <param name="path">A recording of any kind that <see cref="AudioFile"/> reads.</param>
    /// <param name="sampleRate">Samples per second that are wanted; null leaves them as they are.</param>
    /// <exception cref="VocoderException">It cannot be opened.</exception>
    public RecordingSource(string path, int? sampleRate = null) : this(InputFile.Open(path), path, sampleRate)
    {
    }

    /// <summary>Takes a stream, of a file or of a pipe. A pipe is read to its end, into a temporary file.</summary>
    /// <param name="stream">At the beginning of the recording; closed with this.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="sampleRate">As for a file.</param>
    /// <exception cref="VocoderException">It cannot be read.</exception>
    public RecordingSource(Stream stream, string name, int? sampleRate = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        (_stream, _name, _sampleRate) = (InputFile.WithSource(name, () => SpooledStream.Of(stream, name)), name, sampleRate);
        if (_stream != stream) stream.Dispose();
        _start = _stream.Position;
    }

    /// <summary>Samples per second; known when it has been gone through.</summary>
    public int SampleRate { get; private set; }

    /// <summary>Samples, mono at that rate; known when it has been gone through.</summary>
    public long Samples { get; private set; }

    /// <summary>
    /// What was done to it, "resampled from 48000 to 22050 Hz", or null where it is as it was in the file; known when it has been gone through.
    /// </summary>
    public string? Changes { get; private set; }

    /// <summary>
    /// One line, without the name of the file, on what is likely to be a mistake in it; null where nothing is, and before it has been gone through.
    /// </summary>
    public string? Warning { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="VocoderException">It cannot be read, or has samples beyond <see cref="Recording.Loudest"/>; the message names it.</exception>
    public void ReadThrough(Action<ReadOnlySpan<float>> next) => ReadThrough((samples, _) => next(samples));

    /// <summary>The same, where <paramref name="next"/> is told too how many samples there will be; null where the file does not say.</summary>
    internal void ReadThrough(Action<ReadOnlySpan<float>, long?> next)
    {
        MonoSink? mono = null;
        long samples = 0;
        mono = new MonoSink(_name, _sampleRate, piece =>
        {
            samples += piece.Length;
            next(piece, mono!.Expected);
        });
        InputFile.WithSource(_name, () =>
        {
            _stream.Position = _start;
            AudioFile.Read(_stream, _name, mono);
            return 0;
        });
        mono.Finish();
        (SampleRate, Samples, Changes, Warning) = (mono.SampleRate, samples, mono.Changes, mono.Doubt());
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();
}
