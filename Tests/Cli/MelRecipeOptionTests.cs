using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

/// <summary>Mels of other toolkits, as they are typed.</summary>
public sealed class MelRecipeOptionTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string Mel(string recipe, MelStatistics? statistics = null, bool framesFirst = false)
    {
        MelRecipe made = MelRecipe.ByName(recipe);
        float[] mel = new MelSpectrogram(made).Compute(Resampler.Resample(fixture.Audio, CliFixture.Rate, made.SampleRate));
        statistics?.Normalize(mel);
        int frames = mel.Length / made.Bands;
        string path = fixture.Folder[$"{recipe}{(statistics == null ? "" : "-norm")}.npy"];
        if (framesFirst)
        {
            float[] turned = [.. Enumerable.Range(0, mel.Length).Select(i => mel[(i % made.Bands * frames) + (i / made.Bands)])];
            Npy.Write(path, turned, [frames, made.Bands]);
        }
        else MelFile.Write(path, mel, made.Bands, frames);
        return path;
    }

    private float[] Speak(string mel, params string[] more)
    {
        string wav = Path.ChangeExtension(mel, ".wav");
        Assert.Equal(0, CliFixture.Run(["synth", mel, wav, "--voice", fixture.Voice, "--float", .. more]).Code);
        return AudioFile.Read(wav).ToMono();
    }

    private float[] Expected(MelConversion conversion, string mel, int? match = null)
    {
        float[] converted = conversion.Convert(MelFile.Read(mel, conversion.Source.Bands).Data);
        return Synthesizer.Synthesize(fixture.Model, converted, new SynthesisOptions { Match = match }, new Parallelism(1));
    }

    private MelConversion To(string recipe, MelStatistics? statistics = null) =>
        MelConversion.Between(MelRecipe.ByName(recipe), fixture.Model.Recipe, statistics);

    [Theory, InlineData("matcha-norm"), InlineData("nvidia"), InlineData("coqui-ln"), InlineData("mozilla-range")]
    public void An_exact_recipe_needs_no_more_than_its_name(string recipe)
    {
        string mel = Mel(recipe);
        Assert.Equal(Expected(To(recipe), mel), Speak(mel, "--mel-recipe", recipe));
    }

    [Fact]
    public void Statistics_are_undone_whatever_the_layout()
    {
        var statistics = new MelStatistics([.. Enumerable.Range(0, 80).Select(b => -2 - (0.01f * b))],
            [.. Enumerable.Range(0, 80).Select(b => 0.5f + (0.01f * b))]);
        string stats = fixture.Folder["mean_std.npy"];
        Npy.Write(stats, [.. statistics.Mean, .. statistics.Deviation], [2, 80]);
        string mel = Mel("parallelwavegan", statistics, framesFirst: true);
        float[] speech = Speak(mel, "--mel-recipe", "parallelwavegan", "--stats", stats, "--approximate");
        Assert.Equal(Expected(To("parallelwavegan", statistics), mel), speech);
        // The same without a recipe: the voice's own, normalised.
        string own = Mel("hifigan", statistics);
        Assert.Equal(Expected(To("hifigan", statistics), own), Speak(own, "--stats", stats));
    }

    [Fact]
    public void An_approximation_is_asked_for_and_says_what_it_costs()
    {
        string mel = Mel("vocos"), wav = fixture.Folder["vocos.wav"];
        string[] typed = ["synth", mel, wav, "--voice", fixture.Voice, "--mel-recipe", "vocos"];
        CliFixture.Run(typed).Fails(2, "a 'vocos' mel has 24000 instead of 22050 Hz, 100 instead of 80 bands", "expected --approximate if that will do");
        CliResult result = CliFixture.Run([.. typed, "--approximate"]);
        Assert.Equal(0, result.Code);
        Assert.Matches(@"^vocoder: mels of 'vocos' are approximated, 24000 instead of 22050 Hz, .*: 0\.\d{3} nepers off in the mean on synthetic speech; a stream waits 2 frames longer, 21 ms\n$", result.Error);
        CliFixture.Run("synth", mel, wav, "--voice", fixture.Voice, "--mel-recipe", "rayhane", "--approximate")
            .Fails(1, "'rayhane' mel cannot be converted to 'hifigan': it is of speech with pre-emphasis");
    }

    [Theory, InlineData("matcha-norm"), InlineData("vocos")]
    public void A_pipe_speaks_frames_of_a_recipe_as_a_file_is_spoken(string recipe)
    {
        string mel = Mel(recipe);
        int bands = MelRecipe.ByName(recipe).Bands;
        var pipes = new Piped { Input = Piped.Frames(MelFile.Read(mel, bands).Data, bands, mostAtOnce: 700) };
        Assert.Equal(0, pipes.Run("synth", "-", "-", "--raw", "--float", "--voice", fixture.Voice, "--mel-recipe", recipe, "--approximate").Code);
        Assert.Equal(Expected(To(recipe), mel, match: 1), MemoryMarshal.Cast<byte, float>(pipes.Sound).ToArray());
    }

    // What came before the mistake is spoken to its end.
    [Fact]
    public void A_pipe_that_breaks_off_speaks_what_was_there()
    {
        string mel = Mel("vocos");
        float[] values = MelFile.Read(mel, 100).Data;
        var pipes = new Piped { Input = Piped.Frames(values, 100, extraBytes: 7) };
        CliResult result = pipes.Run("synth", "-", "-", "--raw", "--float", "--voice", fixture.Voice, "--mel-recipe", "vocos", "--approximate");
        Assert.Equal(1, result.Code);
        Assert.EndsWith("found 7 bytes of it, expected 400 (100 values of 4 bytes)\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(Expected(To("vocos"), mel, match: 1), MemoryMarshal.Cast<byte, float>(pipes.Sound).ToArray());
    }

    [Fact]
    public void Play_takes_them_too()
    {
        string mel = Mel("nvidia"), wav = fixture.Folder["played.wav"];
        CliFixture.Run("play", mel, "--player", $"wav:{wav}", "--voice", fixture.Voice, "--mel-recipe", "nvidia").Succeeds();
        Assert.Equal(Expected(To("nvidia"), mel).Length, AudioFile.Read(wav).ToMono().Length);
    }

    [Theory]
    [InlineData("parallelwavegan", "--approximate if it is", "parallelwavegan"),
        InlineData("vocos", "has shape [100, ", "it may be of ", "vocos", "--approximate if it is")]
    public void What_is_not_named_is_guessed_and_told(string recipe, params string[] told)
    {
        // The guess needs speech: the recording that ships, spoken again by nobody.
        string mel = fixture.Folder[$"guess-{recipe}.npy"];
        MelRecipe made = MelRecipe.ByName(recipe);
        float[] values = new MelSpectrogram(made).Compute(FlowVocoder.Tests.Features.MelLogarithmGuessTests.Speech(made.SampleRate, seed: 3));
        MelFile.Write(mel, values, made.Bands, values.Length / made.Bands);
        CliResult result = CliFixture.Run("synth", mel, fixture.Folder["guess.wav"], "--voice", fixture.Voice);
        Assert.All(told, text => Assert.Contains(text, result.Error, StringComparison.Ordinal));
    }
}
