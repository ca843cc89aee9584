using System.IO.Pipes;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;

namespace FlowVocoder.Tests.AudioIO.Streams;

/// <summary>Pipes whose other side does not do what one hopes.</summary>
public class PipeIOTests
{
    [Fact]
    public void A_reader_that_closes_the_pipe_ends_the_player_with_its_own_kind_of_error()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using var player = new PcmPlayer(pipe, 22050);
        player.Write(new float[100]);
        Assert.Equal(200, reader.ReadAtLeast(new byte[200], 200));
        reader.Dispose();
        Assert.Throws<BrokenPipeException>(() => player.Write(new float[100_000]));
    }

    [Fact]
    public void A_reader_that_stops_reading_can_be_given_up()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        using var cancel = new CancellationTokenSource();
        var player = new PcmPlayer(pipe, 22050);
        Exception? end = null;
        // More than any pipe holds.
        var writer = new Thread(() => end = Record.Exception(() => player.Write(new float[5_000_000], cancel.Token)));
        writer.Start();
        Assert.False(writer.Join(TimeSpan.FromMilliseconds(50)));
        cancel.Cancel();
        writer.Join();
        Assert.IsAssignableFrom<OperationCanceledException>(end);
        reader.Dispose();
    }

    [Fact]
    public void A_writer_that_writes_nothing_can_be_given_up()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var writer = new AnonymousPipeClientStream(PipeDirection.Out, pipe.ClientSafePipeHandle);
        using var cancel = new CancellationTokenSource();
        Exception? end = null;
        var reader = new Thread(() => end = Record.Exception(() => PipeIO.Read(pipe, new byte[10], "x", cancel.Token)));
        reader.Start();
        Assert.False(reader.Join(TimeSpan.FromMilliseconds(50)));
        cancel.Cancel();
        reader.Join();
        Assert.IsAssignableFrom<OperationCanceledException>(end);
        writer.Dispose();
    }

    [Fact]
    public void A_full_disk_behind_the_pipe_is_told()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Refusal.Expect(() => PipeIO.Write(full, new byte[10], "standard output", default), "cannot write to standard output", "the disk is full");
    }
}
