using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class OutputTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string[] Command(string verb, string output) => verb switch
    {
        "synth" => ["synth", fixture.Npy, output, "--voice", fixture.Voice],
        "mel" => ["mel", fixture.Wav, output, "--recipe", "hifigan"],
        _ => ["plot", fixture.Wav, output],
    };

    [Theory]
    [InlineData("synth", "out.wav"), InlineData("mel", "out.npy"), InlineData("plot", "out.png")]
    public void A_folder_that_is_not_there_is_told(string verb, string file)
    {
        string output = Path.Combine(fixture.Folder["absent"], file);
        CliFixture.Run(Command(verb, output)).Fails(1, output, "its folder does not exist");
    }

    [Theory]
    [InlineData("mel", "folder.npy"), InlineData("plot", "folder.png")]
    public void A_folder_in_the_place_of_the_file_is_told(string verb, string name)
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder[name]);
        CliFixture.Run(Command(verb, folder[name])).Fails(1, folder[name], "it is a folder");
        Assert.Empty(Directory.GetFileSystemEntries(folder[name]));
    }

    [Theory]
    [InlineData("synth"), InlineData("mel"), InlineData("plot")]
    public void An_input_is_not_written_over(string verb)
    {
        using var folder = new TempFolder();
        // The extension is that of the output; what the file holds decides how it is read.
        string file = folder.Add(verb == "plot" ? "a.png" : "a.wav", File.ReadAllBytes(verb == "synth" ? fixture.Npy : fixture.Wav));
        byte[] before = File.ReadAllBytes(file);
        string again = Path.Combine(Path.GetDirectoryName(file)!, ".", Path.GetFileName(file));
        CliFixture.Run([verb, file, again]).Fails(2, file, "is also the input");
        File.CreateSymbolicLink(folder["link" + Path.GetExtension(file)], file);
        CliFixture.Run([verb, file, folder["link" + Path.GetExtension(file)]]).Fails(2, file, "is also the input");
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Theory]
    [InlineData("synth"), InlineData("mel")]
    public void A_full_disk_is_told(string verb)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        CliFixture.Run(Command(verb, "/dev/full")).Fails(1, "/dev/full", "the disk is full");
    }

    [Theory]
    [InlineData("synth", "out.mp3", ".wav"), InlineData("synth", "out.FLAC", ".wav"), InlineData("synth", "out.npy", ".wav"),
        InlineData("mel", "out.wav", ".npy"), InlineData("mel", "out.npz", ".npy")]
    [InlineData("synth --raw", "out.wav", ".raw"), InlineData("play", "out.ogg", ".wav"), InlineData("train", "out.pt", ".safetensors"),
        InlineData("live", "out.mp3", ".wav")]
    public void A_name_that_says_another_format_is_refused_and_a_file_of_that_name_stays(string verb, string name, string expected)
    {
        using var folder = new TempFolder();
        string output = folder.Add(name, [1, 2, 3]);
        string[] command = verb switch
        {
            "play" => ["play", fixture.Npy, "--player", "wav:" + output, "--voice", fixture.Voice],
            "live" => ["live", "--input", fixture.Wav, "--player", "wav:" + output, "--voice", fixture.Voice],
            "train" => ["train", "--data", folder.Root, "--out", output],
            "synth --raw" => [.. Command("synth", output), "--raw"],
            _ => Command(verb, output),
        };
        CliFixture.Run(command).Fails(2, output, $"expected a name that ends in {expected}");
        Assert.Equal([1, 2, 3], File.ReadAllBytes(output));
        Assert.Equal([name], folder.Entries());
    }

    [Fact]
    public void A_name_that_says_nothing_of_a_format_is_the_users_own()
    {
        using var folder = new TempFolder();
        CliFixture.Run(Command("synth", folder["speech.v2"])).Succeeds();
        CliFixture.Run(Command("mel", folder["mel.v2"])).Succeeds();
        Assert.Equal(["mel.v2", "speech.v2"], folder.Entries());
    }

    [Theory]
    [InlineData("synth", "out.wav"), InlineData("mel", "out.npy"), InlineData("plot", "out.png"), InlineData("many", "speech.wav"),
        InlineData("pipe", "out.raw"), InlineData("play", "out.wav")]
    public void What_a_killed_command_left_is_cleared_by_the_next_of_that_name(string verb, string name)
    {
        using var folder = new TempFolder();
        folder.Add($".{name}.abcdefgh.partial", [1]);
        folder.Add(".other.wav.abcdefgh.partial", [1]);
        string[] command = verb switch
        {
            "many" => ["synth", fixture.Npy, fixture.Folder["second.npy"], folder.Root, "--voice", fixture.Voice],
            "pipe" => [.. Command("synth", folder[name]), "--raw"],
            "play" => ["play", fixture.Npy, "--player", "wav:" + folder[name], "--voice", fixture.Voice],
            _ => Command(verb, folder[name]),
        };
        File.Copy(fixture.Npy, fixture.Folder["second.npy"], overwrite: true);
        Assert.Equal(0, CliFixture.Run(command).Code);
        Assert.Equal(verb == "many" ? [".other.wav.abcdefgh.partial", "second.wav", "speech.wav"] : [".other.wav.abcdefgh.partial", name], folder.Entries());
    }

    [Fact]
    public void A_command_that_is_wrong_makes_no_folder()
    {
        using var folder = new TempFolder();
        string[] command = ["synth", fixture.Npy, fixture.Npy.Replace("speech.npy", "third.npy", StringComparison.Ordinal), folder["out"] + "/"];
        File.Copy(fixture.Npy, command[2], overwrite: true);
        Assert.NotEqual(0, CliFixture.Run([.. command, "--voice", folder["absent"]]).Code);
        Assert.NotEqual(0, CliFixture.Run([.. command, "--voice", fixture.Voice, "--sigma", "-1"]).Code);
        Assert.Empty(folder.Entries());
        CliFixture.Run([.. command, "--voice", fixture.Voice]).Succeeds();
        Assert.Equal(["out"], folder.Entries());
    }

    [Fact]
    public void Training_asks_for_its_place_before_it_reads_recordings()
    {
        using var folder = new TempFolder();
        string file = folder.Add("file", [0]);
        CliFixture.Run("train", "--data", folder["absent"], "--out", Path.Combine(file, "voice.safetensors")).Fails(1, file, "expected a folder");
    }

    [Fact]
    public void A_device_gets_the_samples_and_nothing_else()
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "there is no /dev/null here");
        CliResult result = CliFixture.Run(Command("synth", "/dev/null"));
        Assert.Equal(0, result.Code);
        Assert.Equal("", result.Output);
        Assert.StartsWith("/dev/null: 0.50 s of speech", result.Error, StringComparison.Ordinal);
    }
}
