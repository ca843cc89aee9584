using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public class ReportWriterTests
{
    [Fact]
    public void What_is_written_arrives()
    {
        var text = new StringWriter();
        var writer = new ReportWriter(text, "standard output");
        writer.Write('a');
        writer.Write("b");
        writer.Write(['c', 'd'], 0, 2);
        writer.WriteLine("e");
        writer.WriteLine();
        writer.Flush();
        Assert.Equal($"abcde{Environment.NewLine}{Environment.NewLine}", text.ToString());
    }

    [Fact]
    public void A_stream_that_takes_nothing_is_named_or_given_up()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        using var full = new StreamWriter(new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite,
            bufferSize: 0)) { AutoFlush = true };
        Refusal.Expect(() => new ReportWriter(full, "standard output").WriteLine("a"), "cannot write to standard output: ");
        new ReportWriter(full, null).WriteLine("a");
    }
}
