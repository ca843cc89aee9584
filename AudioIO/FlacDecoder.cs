using System.ComponentModel;
using System.Diagnostics;

namespace FlowVocoder.AudioIO;

/// <summary>Decodes flac by running the reference decoder, which takes it from its standard input and writes a wav to its standard output.</summary>
internal static class FlacDecoder
{
    /// <summary>Reads a flac with <paramref name="program"/>, a name to be found on the path.</summary>
    /// <param name="stream">At its beginning; read to its end, not closed.</param>
    /// <param name="name">What errors call it, usually the file name.</param>
    /// <param name="sink">Takes the samples.</param>
    /// <param name="program">The decoder.</param>
    /// <exception cref="VocoderException">The program is not there, or refuses the file; its own words are passed on.</exception>
    public static void Read(Stream stream, string name, IAudioSink sink, string program = "flac")
    {
        using Process process = Start(name, program);
        Task<string> complaint = process.StandardError.ReadToEndAsync();
        Task feeding = Task.Run(() => Feed(stream, process));
        try
        {
            VocoderException? unusable = null;
            Stream decoded = process.StandardOutput.BaseStream;
            try
            {
                WavReader.Read(decoded, name, sink);
            }
            catch (VocoderException e)
            {
                // Output that stops too early is only what follows from the decoder's own error.
                unusable = e;
            }

            decoded.CopyTo(Stream.Null);
            process.WaitForExit();
            feeding.GetAwaiter().GetResult();
            if (process.ExitCode != 0)
            {
                throw new VocoderException(
                    $"cannot decode '{name}': {program} ended with exit code {process.ExitCode}: {FirstLine(complaint.Result)}");
            }

            if (unusable != null) throw unusable;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            // The stream is the caller's again.
            ((IAsyncResult)feeding).AsyncWaitHandle.WaitOne();
        }
    }

    private static void Feed(Stream stream, Process process)
    {
        Stream input = process.StandardInput.BaseStream;
        var block = new byte[1 << 16];
        while (stream.Read(block) is > 0 and var count)
        {
            try
            {
                input.Write(block.AsSpan(0, count));
                input.Flush();
            }
            catch (IOException)
            {
                // A decoder that has given up reads no more, and says why.
                return;
            }
        }

        try
        {
            input.Close();
        }
        catch (IOException)
        {
        }
    }

    private static Process Start(string name, string program)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string argument in (string[])["-d", "-c", "-s", "-"])
            start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new VocoderException(
                $"cannot read '{name}': decoding flac needs the program '{program}', which was not found; install it"
                + " (Debian, Ubuntu: apt install flac; macOS: brew install flac; Windows: https://xiph.org/flac) or convert the file to wav", e);
        }
    }

    private static string FirstLine(string text)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (!line.IsWhiteSpace())
                return line.Trim().ToString();
        }

        return "no reason given";
    }
}
