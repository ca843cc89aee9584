using System.Text;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Cli;

/// <summary>Lines for the user, whose failures name the stream that they were meant for.</summary>
/// <param name="inner">Where they go.</param>
/// <param name="name">What errors call it, or null: what cannot be said there cannot be said at all, and is no reason to fail.</param>
internal sealed class ReportWriter(TextWriter inner, string? name) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Do(() => inner.Write(value));

    public override void Write(string? value) => Do(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Do(() => inner.Write(buffer, index, count));

    public override void WriteLine(string? value) => Do(() => inner.WriteLine(value));

    public override void Flush() => Do(inner.Flush);

    private void Do(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (name != null) throw new VocoderException($"cannot write to {name}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
