using System.Text;

namespace FlowVocoder.Cli;

/// <summary>
/// Windows' consoles and pipes speak the code page of the country; this program, and what it talks with, UTF-8. As it was before when disposed.
/// </summary>
internal sealed class Utf8Console : IDisposable
{
    private readonly Encoding _output, _input;

    private Utf8Console() => (_output, _input) = (Console.OutputEncoding, Console.InputEncoding);

    /// <summary>Sets it; null where it is so already, or there is no console.</summary>
    public static Utf8Console? Set()
    {
        if (!OperatingSystem.IsWindows()) return null;
        try
        {
            var before = new Utf8Console();
            // Without a mark, which would come before the first byte of a pipe.
            Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
            Console.InputEncoding = Console.OutputEncoding;
            return before;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        try
        {
            (Console.OutputEncoding, Console.InputEncoding) = (_output, _input);
        }
        catch (IOException)
        {
            // The window was closed meanwhile.
        }
    }
}
