using FlowVocoder.Cli;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.Cli;

/// <summary>Types commands whose standard input and output are pipes, on a clock on which waiting takes no time.</summary>
internal sealed class Piped
{
    /// <summary>What comes in.</summary>
    public Stream Input { get; init; } = Stream.Null;

    /// <summary>Where sound goes out.</summary>
    public Stream Output { get; init; } = new MemoryStream();

    public ManualClock Clock { get; init; } = new();

    public CancellationToken Cancellation { get; init; }

    public bool Interactive { get; init; }

    /// <summary>Columns of the screen that standard error is; 0 where it is none.</summary>
    public int ErrorColumns { get; init; }

    public bool TypedInput { get; init; }

    public bool InBackground { get; init; }

    public bool InputIsClosed { get; init; }

    public bool OutputIsClosed { get; init; }

    /// <summary>The sound that went out.</summary>
    public byte[] Sound => ((MemoryStream)Output).ToArray();

    /// <summary>A pipe with frames of little-endian float32 in it.</summary>
    public static Stream Frames(float[] mel, int bands, int extraBytes = 0, int mostAtOnce = int.MaxValue)
    {
        int frames = mel.Length / bands;
        var bytes = new byte[mel.Length * sizeof(float) + extraBytes];
        for (int t = 0; t < frames; t++)
            for (int b = 0; b < bands; b++) BitConverter.TryWriteBytes(bytes.AsSpan((t * bands + b) * sizeof(float)), mel[b * frames + t]);
        return new ForwardOnlyStream(new MemoryStream(bytes), mostAtOnce);
    }

    public CliResult Run(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var terminal = new Terminal(output, error, Interactive, Cancellation)
        {
            Input = () => Input, Output = () => new Kept(Output), Clock = Clock, TypedInput = TypedInput, MayReadTyped = () => !InBackground,
            InputIsClosed = InputIsClosed, OutputIsClosed = OutputIsClosed, ErrorColumns = ErrorColumns > 0 ? () => ErrorColumns : null,
        };
        int code = VocoderCommand.Run(args, terminal);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    // The command closes its output; the test still wants to see it.
    private sealed class Kept(Stream inner) : ForwardingStream(inner)
    {
        protected override void Dispose(bool disposing)
        {
        }
    }
}

/// <summary>A pipe that does something when it is read or written.</summary>
internal class ForwardingStream(Stream inner) : Stream
{
    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Calls something before each read, with the number of reads before it.</summary>
internal sealed class WatchedStream(Stream inner, Action<int> beforeRead) : ForwardingStream(inner)
{
    private int _reads;

    public override int Read(byte[] buffer, int offset, int count)
    {
        beforeRead(_reads++);
        return base.Read(buffer, offset, count);
    }
}
