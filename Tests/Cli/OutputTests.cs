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
