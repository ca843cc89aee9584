using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Features;
using FlowVocoder.Tests.Voices;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Streaming;

public class DenoiserTests(ITestOutputHelper output)
{
    private const int Rate = 22050;

    // An eighth of the sample rate, 40 dB below full scale: the hum of groups of eight.
    private static float[] Tone(int samples) => [.. Enumerable.Range(0, samples).Select(t => 0.01f * MathF.Sin(MathF.Tau * t / 8 + 0.3f))];

    [Fact]
    public void A_planted_tone_goes_and_speech_stays()
    {
        float[] speech = ToolkitMels.Wave(Rate), tone = Tone(speech.Length), both = [.. speech.Zip(tone, (a, b) => a + b)];
        float[] clean = new Denoiser(Tone(8192)).Apply(both, strength: 1);
        Assert.Equal(both.Length, clean.Length);
        // In digital silence, 0.8 to 1.0 s, only the tone was there.
        double before = Level(both, 0.8, 1.0), after = Level(clean, 0.8, 1.0);
        output.WriteLine(FormattableString.Invariant($"tone {before:0.0} dB before, {after:0.0} dB after; speech to what was changed {Distance(speech, clean):0.0} dB, with the tone {Distance(speech, both):0.0} dB"));
        Assert.InRange(before, -44, -42);
        Assert.InRange(after, -200, before - 40);
        // Of the voiced part, less is wrong than was with the tone in it.
        Assert.True(Distance(speech, clean) > Distance(speech, both) + 4);
        // Speech without the tone loses little: its bins around 2.8 kHz, by 1 % of full scale at most.
        Assert.True(Distance(speech, new Denoiser(Tone(8192)).Apply(speech, strength: 1)) > 25);
    }

    [Fact]
    public void Strength_says_how_much_of_the_bias_is_subtracted()
    {
        float[] tone = Tone(Rate);
        var denoiser = new Denoiser(tone);
        foreach (float strength in (float[])[0, 0.1f, 0.5f, 0.9f])
            Assert.Equal(Level(tone, 0.2, 0.8) + (20 * Math.Log10(1 - strength)), Level(denoiser.Apply(tone, strength), 0.2, 0.8), 0.05);
        Assert.Equal(tone, denoiser.Apply(tone, 0), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Contains("strength of the denoiser is -1, expected 0 to 100", Assert.Throws<VocoderException>(() => denoiser.NewStream(-1)).Message,
            StringComparison.Ordinal);
        Assert.Contains("has 1023 samples, expected at least 1024", Assert.Throws<VocoderException>(() => new Denoiser(new float[1023])).Message,
            StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(255), InlineData(256), InlineData(3000)]
    public void Chunks_of_any_size_give_the_bits_of_the_whole(int size)
    {
        float[] speech = ToolkitMels.Wave(Rate)[..9001];
        var denoiser = new Denoiser(Tone(4096));
        float[] whole = denoiser.Apply(speech, 0.7f);
        DenoiserStream stream = denoiser.NewStream(0.7f);
        for (int round = 0; round < 2; round++)
        {
            var streamed = new List<float>();
            for (int start = 0; start < speech.Length; start += size)
            {
                ReadOnlySpan<float> chunk = speech.AsSpan(start, Math.Min(size, speech.Length - start));
                float[] room = new float[stream.SamplesAfter(chunk.Length)];
                Assert.Equal(room.Length, stream.Push(chunk, room));
                streamed.AddRange(room);
                Assert.True(start + chunk.Length - streamed.Count <= DenoiserStream.LatencySamples);
            }
            float[] rest = new float[DenoiserStream.LatencySamples];
            streamed.AddRange(rest[..stream.Flush(rest)]);
            Assert.Equal(whole, streamed.ToArray());
            stream.Reset();
        }
    }

    // What a WaveGlow of random weights says of a zero mel is all bias.
    [Fact]
    public void The_bias_of_a_WaveGlow_is_taken_from_its_speech()
    {
        WaveGlow model = WaveGlowVoice.FromCheckpoint(Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_tiny", "module_zip.pt"));
        var parallelism = new Parallelism(1);
        Denoiser denoiser = Denoiser.Of(model, parallelism);
        float[] bias = Synthesizer.Synthesize(model, new float[60 * model.Recipe.Bands], new SynthesisOptions { Sigma = 0 }, parallelism);
        float[] left = denoiser.Apply(bias, 1);
        double before = Level(bias, 0.2, 0.5), after = Level(left, 0.2, 0.5);
        output.WriteLine(FormattableString.Invariant($"bias {before:0.0} dB, left of it {after:0.0} dB"));
        Assert.InRange(after, -300, before - 20);
        var compact = new CompactVocoder(FlowVocoder.Tests.Cli.CliFixture.TinyConfig, MelRecipe.ByName("hifigan"));
        Assert.Contains("'compact' has no bias", Assert.Throws<VocoderException>(() => Denoiser.Of(compact, parallelism)).Message, StringComparison.Ordinal);
    }

    private static double Level(float[] samples, double from, double to)
    {
        float[] part = samples[(int)(from * Rate)..(int)(to * Rate)];
        return 10 * Math.Log10(Math.Max(1e-30, part.Average(x => (double)x * x)));
    }

    // Signal to error of the voiced first half second, dB.
    private static double Distance(float[] signal, float[] found)
    {
        double energy = 0, error = 0;
        for (int t = Rate / 20; t < Rate / 2; t++)
        {
            energy += (double)signal[t] * signal[t];
            error += Math.Pow(signal[t] - found[t], 2);
        }
        return 10 * Math.Log10(energy / error);
    }
}
