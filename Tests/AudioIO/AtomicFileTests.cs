using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class AtomicFileTests
{
    [Fact]
    public void Committed_bytes_replace_the_target_and_leave_nothing_else()
    {
        using var folder = new TempFolder();
        string path = folder.Add("a.bin", [9, 9, 9, 9, 9]);

        AtomicFile.Write(path, stream => stream.Write([1, 2, 3]));

        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal(["a.bin"], folder.Entries());
    }

    [Fact]
    public void Target_is_untouched_until_the_commit()
    {
        using var folder = new TempFolder();
        string path = folder.Add("a.bin", [9]);
        using (var file = new AtomicFile(path))
        {
            file.Stream.Write([1, 2, 3]);
            file.Stream.Flush();
            Assert.Equal([9], File.ReadAllBytes(path));
            Assert.Matches(@"^\.a\.bin\.\w{8}\.partial$", Assert.Single(folder.Entries(), name => name != "a.bin"));
        }

        Assert.Equal([9], File.ReadAllBytes(path));
        Assert.Equal(["a.bin"], folder.Entries());
    }

    [Theory]
    [InlineData('a', 255), InlineData('é', 127), InlineData('語', 85)]
    public void The_longest_names_are_written(char letter, int count)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "names of 255 bytes are Unix's");
        using var folder = new TempFolder();
        AtomicFile.Write(folder[new string(letter, count)], stream => stream.Write([1]));
        Assert.Equal([1], File.ReadAllBytes(folder[new string(letter, count)]));
    }

    [Fact]
    public void Exception_of_the_writer_leaves_no_file()
    {
        using var folder = new TempFolder();
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(folder["a.bin"], stream =>
        {
            stream.Write([1, 2, 3]);
            throw new InvalidOperationException();
        }));
        Assert.Empty(folder.Entries());
    }

    [Fact]
    public void Stream_seeks_reads_back_and_survives_being_disposed_by_its_user()
    {
        using var folder = new TempFolder();
        using (var file = new AtomicFile(folder["a.bin"]))
        {
            file.Stream.Write([1, 2, 3, 4]);
            file.Stream.Position = 1;
            Assert.Equal(2, file.Stream.ReadByte());
            file.Stream.WriteByte(30);
            file.Stream.SetLength(3);
            file.Stream.Dispose();
            file.Commit();
        }

        Assert.Equal([1, 2, 30], File.ReadAllBytes(folder["a.bin"]));
    }

    [Fact]
    public void Folder_as_target_is_refused()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["sub"]);
        Refusal.Expect(() => AtomicFile.Write(folder["sub"], _ => { }), folder["sub"], "is a folder");
        Refusal.Expect(() => AtomicFile.Write(folder["new"] + "/", _ => { }), folder["new"], "is a folder");
        Assert.Equal(["sub"], folder.Entries());
    }

    [Fact]
    public void Missing_folder_is_refused_by_the_name_of_the_target()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder["missing"], "a.wav");
        Refusal.Expect(() => AtomicFile.Write(path, _ => { }), $"cannot write '{path}'", "folder does not exist");
    }

    [Fact]
    public void Folder_that_is_a_file_is_refused()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Add("plain", [1]), "a.wav");
        VocoderException e = Refusal.Expect(() => AtomicFile.Write(path, _ => { }), $"cannot write '{path}'");
        Assert.DoesNotContain(".partial", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Impossible_path_is_refused(string path) =>
        Refusal.Expect(() => AtomicFile.Write(path, _ => { }), "cannot write", "not a valid path");

    [Fact]
    public void Folder_that_takes_no_files_is_refused_without_the_temporary_name()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self"), "/proc, where nobody can make a file, is not here");
        string message = Assert.Throws<VocoderException>(() => AtomicFile.Write("/proc/a.wav", _ => { })).Message;
        Assert.StartsWith("cannot write '/proc/a.wav': ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("partial", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unwritable_folder_is_refused()
    {
        SkipUnlessPermissionsBind();
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["locked"]);
#pragma warning disable CA1416 // Skipped on Windows above.
        File.SetUnixFileMode(folder["locked"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string path = Path.Combine(folder["locked"], "a.wav");
        Refusal.Expect(() => AtomicFile.Write(path, _ => { }), $"cannot write '{path}'", "permission denied");
#pragma warning restore CA1416
    }

    [Fact]
    public void Write_protected_target_is_refused()
    {
        SkipUnlessPermissionsBind();
        using var folder = new TempFolder();
        string path = folder.Add("a.wav", [1]);
#pragma warning disable CA1416 // Skipped on Windows above.
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        Refusal.Expect(() => AtomicFile.Write(path, _ => { }), $"cannot write '{path}'", "permission denied");
#pragma warning restore CA1416
        Assert.Equal([1], File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Full_disk_names_the_target_and_leaves_the_old_file(int bytes)
    {
        using var folder = new TempFolder();
        string path = folder.Add("a.wav", [7]);
        Refusal.Expect(
            () =>
            {
                // Fails in the middle of the writing, or only when what is buffered is brought to the disk.
                using var file = new AtomicFile(path, name => new FullDisk(name));
                file.Stream.Write(new byte[bytes]);
                file.Commit();
            },
            $"cannot write '{path}'", "the disk is full");
        Assert.Equal([7], File.ReadAllBytes(path));
        Assert.Equal(["a.wav"], folder.Entries());
    }

    [Fact]
    public void Full_device_names_the_target()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        Refusal.Expect(() => AtomicFile.Write("/dev/full", s => s.Write(new byte[100_000])), "cannot write '/dev/full': the disk is full");
        Assert.True(File.Exists("/dev/full"));
    }

    [Fact]
    public void Device_is_written_and_not_replaced()
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "needs /dev/null");
        AtomicFile.Write("/dev/null", stream => stream.Write(new byte[1000]));
        using var device = new FileStream("/dev/null", FileMode.Open, FileAccess.Read);
        Assert.Equal(0, device.Length);
    }

    [Fact]
    public void Link_is_followed_and_permissions_are_kept()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs Unix permissions and links");
        using var folder = new TempFolder();
        string path = folder.Add("real", [1]);
#pragma warning disable CA1416 // Skipped on Windows above.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(folder["link"], "real");

        AtomicFile.Write(folder["link"], stream => stream.Write([2]));

        Assert.Equal([2], File.ReadAllBytes(path));
        Assert.Equal("real", new FileInfo(folder["link"]).LinkTarget);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
#pragma warning restore CA1416
    }

    [Fact]
    public void Link_to_nothing_yet_creates_what_it_names()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs Unix links");
        using var folder = new TempFolder();
        File.CreateSymbolicLink(folder["link"], "new");
        AtomicFile.Write(folder["link"], stream => stream.Write([2]));
        Assert.Equal([2], File.ReadAllBytes(folder["new"]));
        Assert.Equal(["link", "new"], folder.Entries());
    }

    [Fact]
    public void Second_commit_is_a_mistake_of_the_program()
    {
        using var folder = new TempFolder();
        using var file = new AtomicFile(folder["a"]);
        file.Commit();
        Assert.Throws<InvalidOperationException>(file.Commit);
    }

    private static void SkipUnlessPermissionsBind() =>
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "permissions do not bind this user");

    /// <summary>A file on a disk that has no room for more than its write buffer.</summary>
    private sealed class FullDisk(string name) : FileStream(name, FileMode.CreateNew, FileAccess.ReadWrite)
    {
        private const int Room = 4096;
        private int _written;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _written += buffer.Length;
            if (_written > Room)
                throw NoSpace();
        }

        public override void Flush(bool flushToDisk) => throw NoSpace();

        private static IOException NoSpace() =>
            new("No space left on device", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
    }

    [Fact]
    public void What_killed_writers_left_is_deleted_and_what_is_being_written_is_not()
    {
        using var folder = new TempFolder();
        string longName = new('x', 90);
        string[] left = [".a.wav.abcdefgh.partial", $".{longName[..70]}.abcdefgh.partial"],
            others = [".b.wav.abcdefgh.partial", ".a.wav.abc.partial", "a.wav.abcdefgh.partial"];
        foreach (string name in (string[])[.. left, .. others]) folder.Add(name, [1]);
        using var writing = new AtomicFile(folder["a.wav"]);
        string[] before = folder.Entries();
        AtomicFile.DeleteLeftovers(folder["a.wav"], folder[longName], Path.Combine(folder["absent"], "c.wav"));
        Assert.Equal(before.Except(left), folder.Entries());
        writing.Stream.Write([2]);
        writing.Commit();
        Assert.Equal([2], File.ReadAllBytes(folder["a.wav"]));
    }
}
