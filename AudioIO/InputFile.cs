namespace FlowVocoder.AudioIO;

/// <summary>Opens files for reading and turns the failures of the file system into one line that names the file.</summary>
internal static class InputFile
{
    /// <summary>Opens <paramref name="path"/>, hands the stream to <paramref name="read"/> and closes it again.</summary>
    /// <exception cref="VocoderException">The file is missing, a folder, not readable, or fails while it is read.</exception>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        using FileStream stream = Open(path);
        return WithSource(path, () => read(stream));
    }

    /// <summary>Reads from what is open already.</summary>
    /// <exception cref="VocoderException">It fails; the message names <paramref name="path"/>.</exception>
    public static T WithSource<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (IOException e)
        {
            throw Failure(path, e);
        }
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="VocoderException">The file is missing, a folder, or not readable.</exception>
    public static FileStream Open(string path)
    {
        if (Directory.Exists(path))
            throw new VocoderException($"cannot read '{path}': it is a folder, expected a file");
        try
        {
            // On Windows a file that is read could else not be replaced.
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure(path, e);
        }
    }

    private static VocoderException Failure(string path, Exception e) => new($"cannot read '{path}': {Reason(e)}", e);

    /// <summary>Reads until <paramref name="buffer"/> is full or the stream ends; returns the bytes read.</summary>
    public static int ReadFully(Stream stream, Span<byte> buffer) =>
        stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);

    private static string Reason(Exception e) => e switch
    {
        FileNotFoundException => "the file does not exist",
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "permission denied",
        ArgumentException => "not a valid path",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}
