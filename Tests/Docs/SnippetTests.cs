using System.Text.RegularExpressions;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.Docs;

/// <summary>What the documentation shows compiles and works.</summary>
public sealed partial class SnippetTests
{
    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^using (FlowVocoder|NAudio)[^;=]*;", RegexOptions.Multiline)]
    private static partial Regex Using();

    [Theory]
    [InlineData("README.md", 2)]
    [InlineData("streaming.md", 2)]
    [InlineData("pipelines.md", 3)]
    public void Every_example_is_compiled(string document, int examples)
    {
        string compiled = Squeeze(Read("Snippets.cs"));
        string[] blocks = [.. Block().Matches(Read(document)).Select(match => match.Groups[1].Value)];
        Assert.Equal(examples, blocks.Length);
        // Usings stand at the top of the one and not between the lines of the other.
        foreach (string block in blocks) Assert.Contains(Squeeze(Using().Replace(block, "")), compiled, StringComparison.Ordinal);
    }

    [Fact]
    public void The_package_shows_the_program_that_is_tested()
    {
        string program = Read("FlowVocoder.AudioIO.md"), tested = Read("Program.cs");
        Assert.Equal(tested, Block().Match(program).Groups[1].Value);
        Assert.Equal(10, tested.TrimEnd().Split('\n').Length);
        // Where the namespaces are those of the program, the rest is what README shows too.
        Assert.All(Block().Matches(Read("FlowVocoder.md")).SelectMany(m => Using().Matches(m.Groups[1].Value)),
            u => Assert.Contains(u.Value, tested, StringComparison.Ordinal));
    }

    [Fact]
    public void The_readme_speaks_a_mel()
    {
        Snippets.SpeakWhole();
        Audio audio = AudioFile.Read("out.wav");
        MelArray mel = MelFile.Read("data/samples/kathleen.npy", 80);
        Assert.Equal(22050, audio.SampleRate);
        Assert.Equal(mel.Frames * 256, audio.Length);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", file)).ReplaceLineEndings("\n");

    private static string Squeeze(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
}
