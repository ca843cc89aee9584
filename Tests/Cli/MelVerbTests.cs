using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class MelVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    [Fact]
    public void The_recipe_of_the_voice_is_used()
    {
        string output = fixture.Folder["mel.npy"];
        CliResult result = CliFixture.Run("mel", fixture.Wav, output, "--voice", fixture.Voice).Succeeds();
        Assert.Equal(fixture.Mel, MelFile.Read(output, 80).Data);
        Assert.StartsWith($"{output}: {fixture.Frames} frames of 80 bands, 0.50 s, recipe hifigan", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s16.aiff"), InlineData("chirp.mp3"), InlineData("chirp.ogg"), InlineData("mulaw.wav")]
    public void A_recording_of_any_kind_comes_through_standard_input(string name)
    {
        using var folder = new TempFolder();
        string path = Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", name), mel = folder["mel.npy"], piped = folder["piped.npy"];
        CliFixture.Run("mel", path, mel).Succeeds();
        CliResult result = new Piped { Input = new ForwardOnlyStream(File.OpenRead(path), 777) }.Run("mel", "-", piped);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(File.ReadAllBytes(mel), File.ReadAllBytes(piped));
        result = new Piped { Input = new ForwardOnlyStream(new MemoryStream([1, 2, 3])) }.Run("mel", "-", folder["none.npy"]);
        Assert.Equal(1, result.Code);
        Assert.StartsWith("vocoder: 'standard input' is no recording", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["none.npy"]));
    }

    [Theory]
    [InlineData("nvidia"), InlineData("vocos"), InlineData("ESPnet")]
    public void A_recipe_can_be_named(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        string output = fixture.Folder[$"{name}.npy"];
        Assert.Equal(0, CliFixture.Run("mel", fixture.Wav, output, "--recipe", name).Code);
        float[] audio = Resampler.Resample(fixture.Audio, CliFixture.Rate, recipe.SampleRate);
        Assert.Equal(new MelSpectrogram(recipe).Compute(audio), MelFile.Read(output, recipe.Bands).Data);
    }

    [Fact]
    public void Another_rate_and_channels_are_converted_and_it_says_so()
    {
        using var folder = new TempFolder();
        short[] mono = [.. fixture.Audio.Select(x => (short)(x * 20000))];
        // The same left and right: mixing must give it back.
        string wav = folder.Add("stereo.wav", WavBytes.Simple(1, 2, 44100, 16, WavBytes.S16([.. mono.SelectMany(s => (short[])[s, s])])));
        CliResult result = CliFixture.Run("mel", wav, folder["out.npy"], "--recipe", "hifigan");
        Assert.Equal((0, $"{wav}: resampled from 44100 to 22050 Hz and mixed from 2 channels to mono\n"), (result.Code, result.Error));
        float[] audio = Resampler.Resample([.. mono.Select(s => s / 32768f)], 44100, 22050);
        Assert.Equal(new MelSpectrogram(MelRecipe.ByName("hifigan")).Compute(audio), MelFile.Read(folder["out.npy"], 80).Data);
    }

    [Fact]
    public void An_unknown_recipe_is_told_with_those_that_are_known() =>
        CliFixture.Run("mel", fixture.Wav, fixture.Folder["x.npy"], "--recipe", "tacotron9").Fails(2, "'tacotron9'", "nvidia", "hifigan");

    [Fact]
    public void The_list_of_recipes_has_a_line_for_each()
    {
        CliResult result = CliFixture.Run("mel", "--list-recipes").Succeeds();
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1 + MelRecipe.Presets.Count, lines.Length);
        Assert.Contains(lines, line => line.StartsWith("parallelwavegan ", StringComparison.Ordinal) && line.Contains(" 80–7600 Hz ", StringComparison.Ordinal)
            && line.Contains(" log10 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Statistics_normalise_each_band()
    {
        string output = fixture.Folder["normalised.npy"], stats = fixture.Folder.Add("stats.npy",
            NpyBytes.Floats("(2, 80)", [.. Enumerable.Repeat(-3f, 80), .. Enumerable.Repeat(2f, 80)]));
        CliFixture.Run("mel", fixture.Wav, output, "--recipe", "hifigan", "--stats", stats).Succeeds();
        float[] plain = new MelSpectrogram(MelRecipe.ByName("hifigan")).Compute(fixture.Audio);
        Assert.All(plain.Zip(MelFile.Read(output, 80).Data), pair => Assert.Equal((pair.First + 3) / 2, pair.Second, 1e-5f));
        CliFixture.Run("mel", fixture.Wav, output, "--recipe", "vocos", "--stats", stats).Fails(1, "has shape [2, 80], expected [2, 100]");
    }

    [Fact]
    public void A_mel_of_one_recipe_becomes_one_of_another()
    {
        string theirs = fixture.Folder["theirs.npy"], ours = fixture.Folder["ours.npy"];
        CliFixture.Run("mel", fixture.Wav, theirs, "--recipe", "matcha-norm").Succeeds();
        CliResult result = CliFixture.Run("mel", theirs, ours, "--mel-recipe", "matcha-norm", "--voice", fixture.Voice).Succeeds();
        Assert.StartsWith($"{ours}: {fixture.Frames} frames of 80 bands, recipe hifigan", result.Output, StringComparison.Ordinal);
        Assert.All(fixture.Mel.Zip(MelFile.Read(ours, 80).Data), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        CliFixture.Run("mel", theirs, ours).Fails(2, "is a mel, expected --mel-recipe or --stats to say what made it");
        CliFixture.Run("mel", fixture.Wav, ours, "--mel-recipe", "nvidia").Fails(2, "is a recording: expected --recipe");
        CliFixture.Run("mel", theirs, ours, "--mel-recipe", "espnet", "--recipe", "hifigan")
            .Fails(2, "can only be turned into that of the recipe 'hifigan' (hifigan) with a loss");
    }
}
