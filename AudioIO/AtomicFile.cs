using System.Collections.Concurrent;

namespace FlowVocoder.AudioIO;

/// <summary>
/// A file that appears whole or not at all. The bytes go to a temporary file in the same folder (a rename within one
/// folder is atomic); <see cref="Commit"/> brings them to the disk and renames them over the target; disposing without
/// a commit deletes them and leaves an earlier target untouched, and so does the end of the program.
/// </summary>
/// <remarks>
/// Symbolic links are followed and the permissions of an earlier target are kept. A pipe or a device (<c>/dev/stdout</c>)
/// cannot be replaced by a rename: it is written directly.
/// </remarks>
public sealed class AtomicFile : IDisposable
{
    // Characters of the target's name in that of a temporary file, and of what tells such files apart.
    private const int KeptOfName = 70, KeyLength = 8;
    private const string Partial = ".partial";

    // What a program that ends in the middle of its work would leave behind.
    private static readonly ConcurrentDictionary<string, byte> s_unfinished = new();

    private readonly string _path;
    private readonly string _target;
    private readonly string? _temporary;
    private readonly OutputStream _stream;
    private bool _committed;

    static AtomicFile() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (string file in s_unfinished.Keys) Delete(file);
    };

    /// <summary>Opens the temporary file beside <paramref name="path"/>.</summary>
    /// <exception cref="VocoderException">The target is a folder, or cannot be written.</exception>
    public AtomicFile(string path)
        : this(path, static name => new FileStream(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1 << 16))
    {
    }

    /// <summary>The same with a way to open the temporary file; tests use it to simulate a failing disk.</summary>
    internal AtomicFile(string path, Func<string, Stream> open)
    {
        _path = path;
        try
        {
            _target = Resolve(path);
            Stream? inner = OutputTarget.OpenIrreplaceable(_target);
            if (inner is null)
            {
                _temporary = Path.Combine(Path.GetDirectoryName(_target)!, TemporaryName(Path.GetFileName(_target)));
                s_unfinished[_temporary] = 0;
                inner = open(_temporary);
                KeepPermissions(_target, _temporary);
            }

            _stream = new OutputStream(inner, Failure);
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            throw Failure(e);
        }
    }

    /// <summary>
    /// The stream to write to (readable and seekable unless the target is a pipe or device). Its failures are
    /// <see cref="VocoderException"/>s naming the target. Disposing it flushes it only: this object closes the file.
    /// </summary>
    public Stream Stream => _stream;

    /// <summary>Brings the bytes to the disk and puts them in the target's place. Nothing can be written after it.</summary>
    /// <exception cref="VocoderException">The disk is full, or the target cannot be replaced.</exception>
    public void Commit()
    {
        if (_committed)
            throw new InvalidOperationException("the file is committed already");
        try
        {
            _stream.FlushToDisk();
            _stream.Close(discardErrors: false);
            if (_temporary is not null)
            {
                Replace(_temporary, _target);
                s_unfinished.TryRemove(_temporary, out _);
            }

            _committed = true;
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            throw Failure(e);
        }
    }

    /// <summary>Closes the file; without <see cref="Commit"/> nothing of it stays. Never throws.</summary>
    public void Dispose()
    {
        _stream.Close(discardErrors: true);
        if (_committed || _temporary is null)
            return;
        Delete(_temporary);
        s_unfinished.TryRemove(_temporary, out _);
    }

    /// <summary>Writes a whole file: all that <paramref name="write"/> writes, or nothing where it throws.</summary>
    /// <exception cref="VocoderException">The file cannot be written; the message names <paramref name="path"/>.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        using var file = new AtomicFile(path);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>Deletes what writers of some files left behind that were killed; what is being written is locked and stays. Never throws.</summary>
    public static void DeleteLeftovers(params IEnumerable<string> paths)
    {
        foreach (var folder in paths.Select(Path.GetFullPath).GroupBy(Path.GetDirectoryName))
        {
            HashSet<string> names = [.. folder.Select(path => Hidden(Path.GetFileName(path), ""))];
            try
            {
                // One look at the folder, however many files it is to take.
                foreach (string left in Directory.EnumerateFiles(folder.Key!, Hidden("*", "????????")))
                {
                    string name = Path.GetFileName(left);
                    if (names.Contains(name.Remove(name.Length - Partial.Length - KeyLength, KeyLength))) DeleteUnlocked(left);
                }
            }
            catch (Exception e) when (OutputStream.IsFileSystemError(e))
            {
                // A folder that is not there, or may not be listed: who writes there will tell.
            }
        }
    }

    private static void DeleteUnlocked(string file)
    {
        try
        {
            new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            // Somebody is writing it.
        }
    }

    // What a kill left behind should be found by who looks for the target; names have 255 bytes at most, a letter up to 3.
    private static string TemporaryName(string target) => Hidden(target, Path.GetRandomFileName()[..KeyLength]);

    private static string Hidden(string target, string key) => $".{target[..Math.Min(target.Length, KeptOfName)]}.{key}{Partial}";

    private static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(full))
            throw new VocoderException($"cannot write '{path}': it is a folder, expected a file name");
        // /dev/stdout leads to a name like "pipe:[123]" that only the kernel can follow: such links stay as they are, and so do links to them.
        if (OutputTarget.IsDevice(full))
            return full;
        return new FileInfo(full).LinkTarget is null ? full : File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
    }

    // On Windows a file that somebody has open for a moment, a virus scanner or a reader, cannot be replaced in that moment.
    private static void Replace(string temporary, string target)
    {
        const int Tries = 20, Milliseconds = 50;
        for (int left = OperatingSystem.IsWindows() ? Tries : 0; ; left--)
        {
            try
            {
                File.Move(temporary, target, overwrite: true);
                return;
            }
            catch (Exception e) when (left > 0 && (OutputTarget.IsInUse(e) || e is UnauthorizedAccessException))
            {
                Thread.Sleep(Milliseconds);
            }
        }
    }

    private static void KeepPermissions(string target, string temporary)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(target))
            return;
        try
        {
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            // A file system without permissions (FAT) has none to keep.
        }
    }

    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            // The error that brought us here is the one worth reporting.
        }
    }

    private VocoderException Failure(Exception e) => new($"cannot write '{_path}': {OutputTarget.Reason(e)}", e);
}
