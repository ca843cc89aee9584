namespace FlowVocoder.AudioIO;

/// <summary>
/// A pipe as a stream that can be gone through again: its bytes lie in a file of the temporary folder that nobody else sees and nothing
/// leaves behind.
/// </summary>
internal static class SpooledStream
{
    /// <summary>The stream itself where it can seek; else what is left of it, at its beginning. Closing the result deletes the file.</summary>
    /// <param name="stream">A file or a pipe.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="VocoderException">There is no room for the file.</exception>
    public static Stream Of(Stream stream, string name)
    {
        if (stream.CanSeek) return stream;
        FileStream file = Create(name);
        try
        {
            // Not CopyTo, whose errors of either side are alike.
            var block = new byte[1 << 16];
            while (stream.Read(block) is > 0 and var count) Write(file, block.AsSpan(0, count), name);
            Flush(file, name);
            file.Position = 0;
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static FileStream Create(string name)
    {
        string path = Path.Combine(Path.GetTempPath(), $"flowvocoder-{Path.GetRandomFileName()}");
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Delete, BufferSize = 1 << 16, Options = FileOptions.DeleteOnClose,
            };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            var file = new FileStream(path, options);
            // An open file needs no name on Unix, and one without leaves nothing behind even when the process is killed.
            if (!OperatingSystem.IsWindows()) File.Delete(path);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(name, e);
        }
    }

    private static void Write(FileStream file, ReadOnlySpan<byte> bytes, string name)
    {
        try
        {
            file.Write(bytes);
        }
        catch (IOException e)
        {
            throw Failure(name, e);
        }
    }

    private static void Flush(FileStream file, string name)
    {
        try
        {
            file.Flush();
        }
        catch (IOException e)
        {
            throw Failure(name, e);
        }
    }

    private static VocoderException Failure(string name, Exception e) =>
        new($"cannot keep what comes from '{name}' in {Path.GetTempPath()}: {e.Message.ReplaceLineEndings(" ")}", e);
}
