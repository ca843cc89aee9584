using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class VisibleTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    [Theory]
    [InlineData("a\u001b[31mb", "a\\u001b[31mb"), InlineData("a\u009bb", "a\\u009bb"), InlineData("\u202eabc", "\\u202eabc"), InlineData("a\rb", "a\\u000db")]
    [InlineData("é 語 😀\n", "é 語 😀\n")]
    public void Hidden_characters_are_shown(string text, string expected) => Assert.Equal(expected, Visible.Text(text));

    // No attribute can hold them.
    [Fact]
    public void Halves_of_surrogate_pairs_are_shown() =>
        Assert.Equal(["\\ud800x", "x\\udc00", "\\ud800"], ((string[])["\ud800x", "x\udc00", "\ud800"]).Select(Visible.Text));

    [Fact]
    public void What_a_file_says_of_itself_reaches_the_terminal_visibly()
    {
        const string Evil = "\u001b]0;owned\u0007\u009b2J\u202e";
        using var folder = new TempFolder();
        VoiceFile file = VoiceFile.Of(fixture.Model, Evil, Evil, Evil, 42, new Dictionary<string, string>());
        AtomicFile.Write(folder["evil.safetensors"], stream => file.Write(stream));
        File.WriteAllBytes(folder["b\u001b.npy"], [1, 2, 3]);
        CliResult[] results =
        [
            CliFixture.Run("info", folder["evil.safetensors"]),
            CliFixture.Run("score", fixture.Wav, "--voice", folder["evil.safetensors"]),
            CliFixture.Run("synth", folder["b\u001b.npy"], folder["out.wav"], "--voice", fixture.Voice),
            CliFixture.Run("synth", folder["b\u001b.npy"], fixture.Npy, folder["out"], "--voice", fixture.Voice),
            CliFixture.Run("synth", fixture.Npy, folder["o\u001b.wav"], "--voice", folder["evil.safetensors"]),
        ];
        foreach (CliResult result in results)
        {
            string text = result.Output + result.Error;
            Assert.DoesNotContain(text, c => (char.IsControl(c) && c != '\n') || c == '\u202e');
            Assert.Contains("\\u001b", text, StringComparison.Ordinal);
        }
    }
}
