using System.Diagnostics;
using System.Text.RegularExpressions;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Docs;

/// <summary>docs/pipelines.md does what it says.</summary>
public sealed partial class PipelineTests : IDisposable
{
    private static readonly LoadedVoice s_voice = VoiceLibrary.Load("student");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Document => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "pipelines.md")).ReplaceLineEndings("\n");

    // As Tacotron 2 would say it: the mel of a recording in NVIDIA's recipe.
    private static float[] Mel(int samples) =>
        new MelSpectrogram(MelRecipe.ByName("nvidia")).Compute(FlowVocoder.Tests.Cli.CliFixture.Speech(samples / 22050.0, 130, 3));

    private static float[] Expected(float[] mel, int? match) => Synthesizer.Synthesize(
        s_voice.Model, MelConversion.Between(MelRecipe.ByName("nvidia"), s_voice.Model.Recipe).Convert(mel), s_voice.Options with { Match = match },
            new Parallelism(1));

    [Fact]
    public void The_library_speaks_a_mel_of_another()
    {
        float[] mel = Mel(8000);
        Assert.Equal(Expected(mel, null), Snippets.SpeakMelOfAnother(mel));
    }

    [Fact]
    public async Task The_library_speaks_frames_of_another_while_they_come()
    {
        float[] mel = Mel(8000), columns = new float[mel.Length];
        MelColumns.Copy(mel, 80, 0, columns);
        using (var player = new WavPlayer(_folder["frames.wav"], 22050, WavFormat.Float32))
        {
            await Snippets.SpeakFramesOfAnother(s_voice, MelConversion.Between(MelRecipe.ByName("nvidia"), s_voice.Model.Recipe), Frames(columns), player,
                CancellationToken.None);
            player.Drain();
        }
        float[] heard = AudioFile.Read(_folder["frames.wav"]).ToMono(), expected = Expected(mel, 1);
        SpeechLimiter.Apply(expected);
        Assert.Equal(expected.Length, heard.Length);
        Assert.All(expected.Zip(heard), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void NAudio_resamples_what_it_speaks()
    {
        float[] mel = Mel(8000);
        MelFile.Write(_folder["m.npy"], mel, 80, mel.Length / 80);
        Snippets.SpeakThroughNAudio(s_voice, MelFile.Read(_folder["m.npy"], 80));
        Audio audio = AudioFile.Read("speech48k.wav");
        Assert.Equal(48000, audio.SampleRate);
        Assert.InRange(audio.Length, (mel.Length / 80 * 256 * 48000L / 22050) - 200, (mel.Length / 80 * 256 * 48000L / 22050) + 200);
    }

    [Fact]
    public void Python_speaks_through_the_pipe_that_is_printed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || !File.Exists("/usr/bin/python3"), "Python 3 in /usr/bin");
        float[] mel = Mel(8000);
        int frames = mel.Length / 80;
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        File.WriteAllText(_folder["vocoder"], $"#!/bin/sh\nexec '{host}' '{Path.Combine(AppContext.BaseDirectory, "vocoder.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder["vocoder"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string numbers = string.Join(",", Enumerable.Range(0, frames).Select(f => $"[{string.Join(",", Enumerable.Range(0, 80).Select(b => mel[(b * frames) + f].ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}]"));
        File.WriteAllText(_folder["speak.py"], $"model = [{numbers}]\n{Block("python")}");
        var start = new ProcessStartInfo("/usr/bin/python3", [_folder["speak.py"]]) { WorkingDirectory = _folder.Root, RedirectStandardError = true };
        start.Environment["PATH"] = $"{_folder.Root}:{start.Environment["PATH"]}";
        using Process python = Process.Start(start)!;
        string error = python.StandardError.ReadToEnd();
        python.WaitForExit();
        Assert.True(python.ExitCode == 0, error);
        short[] spoken = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(File.ReadAllBytes(_folder["speech.pcm"])).ToArray();
        float[] expected = Expected(mel, 1);
        SpeechLimiter.Apply(expected);
        Assert.Equal([.. expected.Select(x => (short)Math.Clamp(MathF.Round(x * 32768), -32768, 32767))], spoken);
    }

    // Links to tests and pages, as they lie in the repository.
    [Theory, InlineData("pipelines.md"), InlineData("mels.md")]
    public void Everything_linked_is_there(string document)
    {
        string root = Root(), text = File.ReadAllText(Path.Combine(root, "docs", document));
        foreach (string link in Link().Matches(text).Select(m => m.Groups[1].Value.Split('#')[0]).Where(l => l.Length > 0))
            Assert.True(File.Exists(Path.Combine(root, "docs", link)), link);
        foreach (string test in Code().Matches(text).Select(m => m.Groups[1].Value)) Assert.True(File.Exists(Path.Combine(root, test)), test);
    }

    // The program is built and run by Bindings/test.sh.
    [Fact]
    public void The_C_that_is_printed_is_that_of_the_example() =>
        Assert.Contains(Squeeze(Block("c")), Squeeze(File.ReadAllText(Path.Combine(Root(), "Bindings", "C", "example.c"))), StringComparison.Ordinal);

    private static string Squeeze(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    private static string Root()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root != null && !File.Exists(Path.Combine(root.FullName, "FlowVocoder.sln"))) root = root.Parent;
        Assert.SkipWhen(root == null, "the tests do not lie in the repository");
        return root.FullName;
    }

    private static string Block(string language)
    {
        string document = Document;
        int start = document.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return document[start..document.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<float>> Frames(float[] columns)
    {
        for (int start = 0; start < columns.Length; start += 80)
        {
            await Task.Yield();
            yield return columns.AsMemory(start, 80);
        }
    }

    [GeneratedRegex(@"\]\(([^)]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(Tests/[A-Za-z/]*\.cs)`")]
    private static partial Regex Code();
}
