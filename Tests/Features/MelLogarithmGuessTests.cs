using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelLogarithmGuessTests(ITestOutputHelper output)
{
    public static TheoryData<string> Recipes => [.. MelRecipe.Presets.Select(p => p.Name)];

    [Theory, MemberData(nameof(Recipes))]
    public void The_right_scale_gives_no_alarm_at_any_level(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        var mel = new MelSpectrogram(recipe);
        float[][] signals = [Speech(recipe.SampleRate, seed: 1), Speech(recipe.SampleRate, seed: 2, noise: 0.02), Reference.Chirp, Noise(20000)];
        foreach (float[] signal in signals)
            foreach (float gain in (float[])[1, 0.1f, 0.01f])
            {
                string? warning = MelLogarithmGuess.Warning(mel.Compute(Scaled(signal, gain)), recipe, "v");
                if (warning != null) output.WriteLine($"signal {Array.IndexOf(signals, signal)}: {warning}");
                Assert.Null(warning);
            }
        Assert.Null(MelLogarithmGuess.Warning(mel.Compute(new float[20000]), recipe, "v"));
    }

    [Theory]
    [InlineData("nvidia", "log10", "log10 (espnet"), InlineData("nvidia", "decibel", "decibels (coqui")]
    [InlineData("nvidia", "coqui", "-4…4 (coqui, rayhane)"), InlineData("nvidia", "linear", "linear amplitudes"), InlineData("nvidia", "unit", "0…1")]
    [InlineData("nvidia", "meanvar", "mean-variance"), InlineData("nvidia", "int16", "not scaled to -1…1")]
    [InlineData("hifigan", "log10", "log10 (espnet"), InlineData("hifigan", "decibel", "decibels (coqui"), InlineData("hifigan", "linear", "linear amplitudes")]
    [InlineData("espnet", "natural", "natural logarithm (nvidia"), InlineData("espnet", "decibel", "decibels (coqui"),
        InlineData("espnet", "linear", "linear amplitudes")]
    [InlineData("vocos", "log10", "log10 (espnet"), InlineData("vocos", "decibel", "decibels (coqui"), InlineData("vocos", "linear", "linear amplitudes")]
    [InlineData("coqui", "natural", "natural logarithm (nvidia"), InlineData("coqui", "decibel", "decibels (coqui")]
    public void Another_scale_is_named(string expected, string found, string look)
    {
        MelRecipe voice = MelRecipe.ByName(expected);
        // What a user would have: the bank of the voice, another compression behind it.
        MelRecipe plain = voice with { OutputScale = 1, OutputOffset = 0, OutputMin = null, OutputMax = null, Floor = 1e-8 };
        MelRecipe other = found switch
        {
            "natural" or "int16" or "meanvar" or "linear" => plain with { Logarithm = MelLogarithm.Natural },
            "log10" => plain with { Logarithm = MelLogarithm.Log10 },
            "decibel" => plain with { Logarithm = MelLogarithm.Decibel },
            "unit" => plain with { Logarithm = MelLogarithm.Decibel, OutputScale = 0.01, OutputOffset = 0.8, OutputMin = 0, OutputMax = 1 },
            _ => MelRecipe.ByName("coqui") with { MaxFrequency = voice.MaxFrequency },
        };
        float[] speech = Scaled(Speech(voice.SampleRate, seed: 3), found == "int16" ? 32768 : 1);
        float[] mel = new MelSpectrogram(other).Compute(speech);
        if (found == "linear") mel = [.. mel.Select(v => MathF.Exp(v))];
        if (found == "meanvar")
        {
            float mean = mel.Average(), deviation = MathF.Sqrt(mel.Average(v => (v - mean) * (v - mean)));
            mel = [.. mel.Select(v => (v - mean) / deviation)];
        }

        string? warning = MelLogarithmGuess.Warning(mel, voice, "anna");

        output.WriteLine(warning ?? "no warning");
        Assert.NotNull(warning);
        Assert.Contains($"look like", warning, StringComparison.Ordinal);
        Assert.Contains(look, warning, StringComparison.Ordinal);
        Assert.Contains("; the voice 'anna' expects ", warning, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', warning);
    }

    [Fact]
    public void The_expectation_is_spelled_out()
    {
        MelRecipe voice = MelRecipe.ByName("hifigan");
        float[] mel = new MelSpectrogram(voice with { Logarithm = MelLogarithm.Decibel }).Compute(Speech(22050, seed: 4));
        Assert.EndsWith("the voice 'x' expects natural logarithm with floor 1e-05 (hifigan)", MelLogarithmGuess.Warning(mel, voice, "x"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e30f, 1, true), InlineData(-1e5f, 50, true), InlineData(-11.5f, 1, false), InlineData(-11.5f, 50, false), InlineData(2f, 9, false)]
    public void Values_that_no_recording_gives_are_told_at_any_length(float value, int frames, bool told)
    {
        float[] mel = new float[80 * frames];
        mel.AsSpan().Fill(value);
        string? warning = MelLogarithmGuess.Warning(mel, MelRecipe.ByName("hifigan"), "x");
        if (told) Assert.Contains("look like no mel of a recording; the voice 'x' expects", warning, StringComparison.Ordinal);
        else Assert.Null(warning);
        if (value == 1e30f) Assert.StartsWith("values from 1e+30 to 1e+30 look", warning, StringComparison.Ordinal);
    }

    [Theory, InlineData(0f), InlineData(2f), InlineData(-4f)]
    public void A_mel_whose_frames_are_all_alike_is_told(float value)
    {
        float[] mel = [.. Enumerable.Range(0, 80 * 10).Select(i => value + 0.1f * (i / 10))];
        Assert.Contains("look like no mel of a recording, because all of its frames are alike;",
            MelLogarithmGuess.Warning(mel, MelRecipe.ByName("hifigan"), "x"), StringComparison.Ordinal);
        mel[13] += 0.01f;
        Assert.DoesNotContain("alike", MelLogarithmGuess.Warning(mel, MelRecipe.ByName("hifigan"), "x") ?? "", StringComparison.Ordinal);
    }

    // The samples that ship, of six speakers.
    [Theory, InlineData("hifigan"), InlineData("nvidia"), InlineData("vocos")]
    public void Mels_that_are_normalised_by_their_own_mean_and_deviation_are_named_so(string recipe)
    {
        string[] samples = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples"), "*.npy");
        Assert.Equal(6, samples.Length);
        foreach (string sample in samples)
        {
            float[] mel = FlowVocoder.AudioIO.MelFile.Read(sample, 80).Data;
            if (recipe == "vocos") mel = [.. Enumerable.Range(0, mel.Length / 80 * 100).Select(i => mel[i % mel.Length])];
            double mean = mel.Average(v => (double)v), deviation = Math.Sqrt(mel.Average(v => (v - mean) * (v - mean)));
            Assert.Contains("look like mean-variance normalised values",
                MelLogarithmGuess.Warning([.. mel.Select(v => (float)((v - mean) / deviation))], MelRecipe.ByName(recipe), "x"), StringComparison.Ordinal);
        }
    }

    // Amplitude 1 comes to lie 10 nepers below the floor, or further; lowered by 2 nepers, speech is merely quiet.
    [Theory, MemberData(nameof(Recipes))]
    public void A_mel_that_lies_below_the_floor_is_told_in_the_unit_of_its_recipe(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        double unit = recipe.OutputScale * recipe.SpectrumPower * (
            recipe.Logarithm switch { MelLogarithm.Natural => 1, MelLogarithm.Log10 => 1 / Math.Log(10), _ => 20 / Math.Log(10) });
        float[] mel = new MelSpectrogram(recipe).Compute(Speech(recipe.SampleRate, seed: 5));
        string? Lowered(double nepers) => MelLogarithmGuess.Warning([.. mel.Select(v => (float)(v - nepers * unit))], recipe, "anna");
        foreach (double nepers in (double[])[10 - Math.Log(recipe.Floor) / recipe.SpectrumPower, 50])
        {
            string? warning = Lowered(nepers);
            output.WriteLine(warning ?? "no warning");
            Assert.NotNull(warning);
            if (recipe.OutputMin is null) Assert.Contains("look like silence, because most lie below ", warning, StringComparison.Ordinal);
        }
        if (recipe.OutputMin is null) Assert.Null(Lowered(2));
    }

    [Theory]
    [InlineData(41, -5.1f, true), InlineData(40, -5.1f, false), InlineData(80, -4.9f, false)]
    public void More_than_half_of_the_cells_have_to_lie_five_nepers_below(int cells, float below, bool told)
    {
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        float[] mel = new float[80];
        mel.AsSpan().Fill(-8);
        mel.AsSpan(0, cells).Fill((float)recipe.LowestValue + below);
        Assert.Equal(told, MelLogarithmGuess.Warning(mel, recipe, "anna") != null);
    }

    private static float[] Scaled(float[] audio, float gain) => [.. audio.Select(v => v * gain)];

    private static float[] Noise(int samples) => [.. NWavesTests.Noise(samples, 9).Select(v => (float)v)];

    /// <summary>
    /// Two seconds that behave like speech: glottal pulses gliding from 110 to 150 Hz through three formants,
    /// hiss, pauses, a room's noise, peak 0.5.
    /// </summary>
    internal static float[] Speech(int rate, int seed, double noise = 0.0005)
    {
        var random = new Random(seed);
        int samples = 2 * rate;
        double[] audio = new double[samples];
        double phase = 0;
        for (int t = 0; t < samples; t++)
        {
            double seconds = (double)t / rate;
            // Syllables of 0.25 s: three voiced, one hissed, one pause.
            int syllable = (int)(seconds / 0.25) % 5;
            double swell = Math.Sin(Math.PI * (seconds / 0.25 % 1));
            phase += (110 + (20 * seconds)) / rate;
            bool pulse = phase >= 1;
            if (pulse) phase -= 1;
            audio[t] = syllable switch { < 3 => pulse ? swell : 0, 3 => 0.01 * swell * ((2 * random.NextDouble()) - 1), _ => 0 };
        }
        foreach ((double hertz, double width) in ((double, double)[])[(600, 80), (1300, 100), (2500, 150), (0, 300)])
        {
            double radius = Math.Exp(-Math.PI * width / rate), a1 = 2 * radius * Math.Cos(2 * Math.PI * hertz / rate), a2 = -radius * radius, y1 = 0, y2 = 0;
            for (int t = 0; t < samples; t++) (y1, y2) = (audio[t] = audio[t] + (a1 * y1) + (a2 * y2), y1);
        }
        double peak = audio.Max(Math.Abs);
        return [.. audio.Select(v => (float)((0.5 * v / peak) + (noise * ((2 * random.NextDouble()) - 1))))];
    }
}
