using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelConversionTests(ITestOutputHelper output)
{
    // Only the logarithm, range, floor or normalisation differ; what a higher floor took cannot come back.
    [Theory]
    [InlineData("matcha-norm", "hifigan"), InlineData("hifigan", "matcha-norm"), InlineData("coqui-ln", "nvidia"), InlineData("mozilla-range", "nvidia")]
    [InlineData("speechbrain", "nvidia"), InlineData("rfwave", "vocos"), InlineData("f5tts", "vocos"), InlineData("melgan", "bigvgan-22k-full"),
        InlineData("parallelwavegan", "espnet")]
    public void Recipes_that_differ_behind_the_bank_convert_exactly(string from, string to)
    {
        MelRecipe source = MelRecipe.ByName(from), target = MelRecipe.ByName(to);
        MelConversion conversion = MelConversion.Between(source, target);
        Assert.True(conversion.IsExact);
        Assert.Null(conversion.Difference);
        Assert.Equal((0, 0), (conversion.LookAheadFrames, conversion.DelaySamples));
        float[] wave = ToolkitMels.Wave(source.SampleRate), expected = new MelSpectrogram(target).Compute(wave);
        float[] converted = conversion.Convert(new MelSpectrogram(source).Compute(wave));
        // Under the root, HiFi-GAN's 1e-9 and ESPnet's floor of the power lift what is soft.
        double least = Math.Max(Math.Max(source.Floor, source.ToAmplitude(source.LowestValue)), target.Floor) * (
            target.MagnitudeEpsilon != source.MagnitudeEpsilon ? 1e3 : 1.001);
        if (target.PowerFloor > 0) least = 1e-4;
        int compared = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (target.ToAmplitude(expected[i]) < least) continue;
            Assert.Equal(expected[i], converted[i], 1e-4);
            compared++;
        }
        Assert.InRange(compared, expected.Length / 5, expected.Length);
    }

    // What the toolkits themselves computed, with the statistics that they divided by.
    [Theory]
    [InlineData("matcha_lj_22k_norm", "hifigan_v1_22k", 1e-5), InlineData("mozilla_range_22k", "speechbrain_lj_22k", 0.5),
        InlineData("coqui_natlog_22k", "tacotron2_waveglow_22k", 6e-4)]
    [InlineData("pwg_hifigan_v1_22k_norm", "pwg_hifigan_v1_22k_raw", 1e-5), InlineData("mozilla_stats_22k", "mozilla_log10_raw_22k", 1e-5)]
    public void Arrays_of_one_toolkit_become_those_of_another(string from, string to, double most)
    {
        MelRecipe source = MelRecipe.ByName(ToolkitMels.All[from].Recipe), target = MelRecipe.ByName(ToolkitMels.All[to].Recipe);
        float[] converted = MelConversion.Between(source, target, ToolkitMels.Statistics(from)).Convert(ToolkitMels.Mel(from).Data),
            expected = ToolkitMels.Mel(to).Data;
        Assert.Equal(expected.Length, converted.Length);
        for (int i = 0; i < expected.Length; i++)
            if (expected[i] > source.LowestValue * source.NatsPerUnit / target.NatsPerUnit + 0.7)
                Assert.Equal(expected[i], converted[i], Math.Max(most, 3e-6 * Math.Abs(expected[i])));
    }

    // A mel that is centred half a hop earlier is the mel of the same speech half a hop later.
    [Theory, InlineData("nvidia", "hifigan", 128), InlineData("hifigan", "nvidia", -128), InlineData("vocos", "vocos-same", 128)]
    public void Framing_half_a_hop_apart_is_speech_half_a_hop_later(string from, string to, int delay)
    {
        MelRecipe source = MelRecipe.ByName(from) with { MagnitudeEpsilon = 0 }, target = MelRecipe.ByName(to) with { MagnitudeEpsilon = 0 };
        MelConversion conversion = MelConversion.Between(source, target);
        Assert.Equal((true, delay), (conversion.IsExact, conversion.DelaySamples));
        float[] wave = ToolkitMels.Wave(source.SampleRate), later = delay > 0 ? [.. new float[delay], .. wave] : wave[-delay..];
        float[] converted = conversion.Convert(new MelSpectrogram(source).Compute(wave)), expected = new MelSpectrogram(target).Compute(later);
        int frames = converted.Length / target.Bands, own = expected.Length / target.Bands;
        for (int f = 4; f < Math.Min(frames, own) - 4; f++)
            for (int b = 0; b < target.Bands; b++) Assert.Equal(expected[(b * own) + f], converted[(b * frames) + f], 1e-4);
    }

    // Mean difference between the converted array and what the target's own front end made of the same wave. With a cubic in the logarithm, half a hop costs
    // 0.045.
    [Theory]
    [InlineData("tacotron2_waveglow_22k", "hifigan_v1_22k", 0.039)]
    [InlineData("pwg_hifigan_v1_22k_raw", "hifigan_v1_22k", 0.13), InlineData("mozilla_log10_raw_22k", "hifigan_v1_22k", 0.13)]
    [InlineData("melgan_22k", "hifigan_v1_22k", 0.085), InlineData("bigvgan_v2_22k_80_256x", "hifigan_v1_22k", 0.085)]
    [InlineData("r9y9_mol_22k_raw", "hifigan_v1_22k", 0.16), InlineData("hifigan_v1_22k", "mozilla_range_22k", 0.07),
        InlineData("f5tts_v1_24k_vocos", "bigvgan_24k_100", 0.13), InlineData("vocos_24k_same", "bigvgan_24k_100", 0.13)]
    public void Approximations_come_as_near_as_measured(string from, string to, double most)
    {
        MelRecipe source = MelRecipe.ByName(ToolkitMels.All[from].Recipe), target = MelRecipe.ByName(ToolkitMels.All[to].Recipe);
        MelConversion conversion = MelConversion.Between(source, target, onGrid: true);
        Assert.False(conversion.IsExact);
        float[] converted = conversion.Convert(ToolkitMels.Mel(from).Data), expected = ToolkitMels.Mel(to).Data;
        int frames = converted.Length / target.Bands, own = expected.Length / target.Bands, common = Math.Min(frames, own);
        Assert.InRange(frames - own, -1, 1);
        double sum = 0;
        for (int b = 0; b < target.Bands; b++)
            for (int f = 0; f < common; f++) sum += Math.Abs(converted[(b * frames) + f] - expected[(b * own) + f]);
        double mean = sum * target.NatsPerUnit / common / target.Bands;
        output.WriteLine(FormattableString.Invariant($"{from} to {to}: mean {mean:0.0000} nepers"));
        Assert.InRange(mean, most / 2, most);
    }

    // Rates, hops and windows differ at once: frames of 80 ms every 20 ms at 24 kHz, of 50 ms every 12.5 ms.
    [Theory, InlineData("cosyvoice2", 0.25), InlineData("vocos", 0.2), InlineData("bigvgan-44k", 0.2), InlineData("speechbrain-16k", 0.2)]
    public void Other_rates_and_hops_keep_time_and_level(string from, double most)
    {
        MelConversion conversion = MelConversion.Between(MelRecipe.ByName(from), MelRecipe.ByName("hifigan"));
        // 512 samples at 44.1 kHz are 256 at 22.05.
        Assert.Equal(from == "bigvgan-44k" ? 0 : 2, conversion.LookAheadFrames);
        double loss = conversion.MeasureLoss();
        output.WriteLine(FormattableString.Invariant($"{from}: {loss:0.0000} nepers"));
        Assert.InRange(loss, 0.01, most);
    }

    [Fact]
    public void Loss_is_nothing_where_nothing_is_lost() =>
        Assert.InRange(MelConversion.Between(MelRecipe.ByName("matcha-norm"), MelRecipe.ByName("hifigan")).MeasureLoss(), 0, 1e-5);

    [Theory, InlineData("matcha-norm", false), InlineData("nvidia", true), InlineData("nvidia", false), InlineData("cosyvoice2", false),
        InlineData("vocos", false), InlineData("espnet", false)]
    public void Frames_as_they_come_give_the_bits_of_the_whole(string from, bool onGrid)
    {
        MelRecipe source = MelRecipe.ByName(from), target = MelRecipe.ByName("hifigan");
        MelConversion conversion = MelConversion.Between(source, target, onGrid: onGrid);
        float[] mel = new MelSpectrogram(source).Compute(ToolkitMels.Wave(source.SampleRate));
        foreach (int frames in (int[])[1, 2, 3, 5, mel.Length / source.Bands])
        {
            float[] columns = new float[frames * source.Bands], part = new float[columns.Length];
            MelColumns.Copy(mel, source.Bands, 20, columns);
            for (int i = 0; i < columns.Length; i++) part[(i % source.Bands * frames) + (i / source.Bands)] = columns[i];
            float[] whole = conversion.Convert(part);
            int count = whole.Length / 80;
            Assert.Equal(conversion.FrameCount(frames), count);
            foreach (int size in (int[])[1, 2, 7])
            {
                MelConverter converter = conversion.NewConverter();
                var streamed = new List<float>();
                for (int start = 0; start < frames; start += size)
                {
                    ReadOnlySpan<float> chunk = columns.AsSpan(start * source.Bands, Math.Min(size, frames - start) * source.Bands);
                    float[] room = new float[converter.FramesAfter(chunk.Length / source.Bands) * 80];
                    Assert.Equal(room.Length, converter.Push(chunk, room) * 80);
                    streamed.AddRange(room);
                    // No frame waits longer than the look-ahead.
                    double pushed = Math.Min(frames, start + size);
                    Assert.True(streamed.Count / 80 >= (conversion.LookAheadFrames == 0 ? pushed : Math.Floor((pushed - 3) / conversion.Step)));
                }
                float[] rest = new float[converter.FlushCount * 80];
                converter.Flush(rest);
                streamed.AddRange(rest);
                for (int f = 0; f < count; f++)
                    for (int b = 0; b < 80; b++) Assert.Equal(whole[(b * count) + f], streamed[(f * 80) + b]);
                Assert.Equal(whole.Length, streamed.Count);
            }
        }
    }

    [Theory]
    [InlineData("rayhane", "pre-emphasis 0.97"), InlineData("wavernn", "its values end at 1, "), InlineData("flowavenet", "its values end at 1, ")]
    [InlineData("short", "it ends at 7000 Hz, the voice needs what lies below 8000 Hz"),
        InlineData("thin", "it begins at 300 Hz, the voice needs what lies above 0 Hz")]
    public void What_is_not_in_a_mel_is_refused_with_the_reason(string from, string reason)
    {
        MelRecipe hifigan = MelRecipe.ByName("hifigan");
        MelRecipe source = from switch
        {
            "short" => hifigan with { Name = "short", MaxFrequency = 7000 },
            "thin" => hifigan with { Name = "thin", MinFrequency = 300 },
            _ => MelRecipe.ByName(from),
        };
        string message = Assert.Throws<VocoderException>(() => MelConversion.Between(source, hifigan)).Message;
        Assert.StartsWith($"a '{from}' mel cannot be converted to 'hifigan': ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_of_other_bands_are_refused() =>
        Assert.Equal("the statistics have 100 bands, the mel recipe 'nvidia' has 80", Assert.Throws<VocoderException>(
        () => MelConversion.Between(MelRecipe.ByName("nvidia"), MelRecipe.ByName("hifigan"),
            new MelStatistics(new float[100], [.. Enumerable.Repeat(1f, 100)]))).Message);

    // From values alone: the logarithm, not the bank.
    [Theory]
    [InlineData("hifigan_v1_22k", "nvidia"), InlineData("pwg_hifigan_v1_22k_raw", "parallelwavegan"), InlineData("mozilla_log10_raw_22k", "mozilla"),
        InlineData("mozilla_range_22k", "mozilla-range")]
    [InlineData("vocos_24k", "vocos"), InlineData("bigvgan_24k_100", "bigvgan-24k"), InlineData("bigvgan_v2_44k_128_512", "bigvgan-44k"),
        InlineData("coqui_natlog_22k", "coqui-ln")]
    public void Values_name_the_recipes_that_they_fit(string array, string expected)
    {
        MelRecipe recipe = MelRecipe.ByName(ToolkitMels.All[array].Recipe);
        IReadOnlyList<MelRecipe> likely = MelRecipeGuess.Likely(ToolkitMels.Mel(array).Data, recipe.Bands);
        output.WriteLine($"{array}: {string.Join(" ", likely.Select(l => l.Name))}");
        Assert.Contains(expected, likely.Take(3).Select(l => l.Name));
        Assert.Empty(MelRecipeGuess.Likely(ToolkitMels.Mel(array).Data.AsSpan(0, 9 * recipe.Bands), recipe.Bands));
    }
}
