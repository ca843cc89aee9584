using System.ComponentModel;
using System.Diagnostics;

namespace FlowVocoder.AudioIO;

/// <summary>Decodes flac files by running the reference decoder, which writes a wav to its standard output.</summary>
internal static class FlacDecoder
{
    /// <summary>Reads the file with <paramref name="program"/>, a name to be found on the path.</summary>
    /// <exception cref="VocoderException">The program is not there, or refuses the file; its own words are passed on.</exception>
    public static Audio Read(string path, string program = "flac")
    {
        using Process process = Start(path, program);
        Task<string> complaint = process.StandardError.ReadToEndAsync();
        try
        {
            Audio? audio = null;
            VocoderException? unusable = null;
            try
            {
                audio = WavReader.Read(process.StandardOutput.BaseStream, path);
                process.StandardOutput.BaseStream.CopyTo(Stream.Null);
            }
            catch (VocoderException e)
            {
                // Output that stops too early is only what follows from the decoder's own error.
                unusable = e;
                process.StandardOutput.BaseStream.CopyTo(Stream.Null);
            }

            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new VocoderException(
                    $"cannot decode '{path}': {program} ended with exit code {process.ExitCode}: {FirstLine(complaint.Result)}");
            }

            return audio ?? throw unusable!;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static Process Start(string path, string program)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        // The full path cannot be taken for an option, whatever the file is called.
        foreach (string argument in (string[])["-d", "-c", "-s", Path.GetFullPath(path)])
            start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new VocoderException(
                $"cannot read '{path}': decoding flac needs the program '{program}', which was not found; install it"
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
