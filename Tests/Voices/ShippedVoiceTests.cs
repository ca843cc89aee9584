using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

/// <summary>What is promised of every voice that ships, and of the mels that ship with them.</summary>
public class ShippedVoiceTests
{
    public static TheoryData<string> Voices => [.. VoiceLibrary.Names()];

    public static TheoryData<string> Samples =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples"), "*.npy").Select(f => Path.GetFileNameWithoutExtension(f)!)];

    private static MelArray Mel(string sample, VocoderModel model) =>
        MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", sample + ".npy"), model.Recipe.Bands);

    [Fact]
    public void The_default_voice_ships_with_a_mel_of_each_of_six_speakers()
    {
        Assert.Contains(VoiceLibrary.DefaultVoice, VoiceLibrary.Names());
        Assert.Equal(6, Samples.Count);
    }

    [Theory]
    [MemberData(nameof(Voices))]
    public void Tells_where_it_comes_from_and_keeps_to_the_limits(string name)
    {
        LoadedVoice voice = VoiceLibrary.Load(name);
        Assert.InRange(new FileInfo(voice.Source).Length, 1, 40_000_000);
        Assert.Contains("CC0", voice.File!.Licence, StringComparison.Ordinal);
        Assert.Matches("vocoder (train|distill) --", voice.File.Provenance);
        Assert.True(voice.File.Steps > 0);
        // A teacher that speaks step by step is nobody's voice.
        if (!voice.Model.GeneratesStepByStep) Assert.InRange(voice.Model.MacsPerSecond, 0, 4e9);
        Assert.InRange(voice.Model.LookAheadFrames, 0, 2);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Speaks_what_the_mel_says(string sample)
    {
        LoadedVoice voice = VoiceLibrary.Load(VoiceLibrary.DefaultVoice);
        MelRecipe recipe = voice.Model.Recipe;
        MelArray mel = Mel(sample, voice.Model);
        float[] samples = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options, new Parallelism(1));
        Assert.Equal(mel.Frames * recipe.HopSize, samples.Length);
        Assert.All(samples, s => Assert.InRange(s, -1.5f, 1.5f));
        double distance = mel.Data.Zip(new MelSpectrogram(recipe).Compute(samples), (a, b) => Math.Abs((double)a - b)).Average();
        // White noise through linear prediction comes to about 0.6 nats, silence to more than 3.
        Assert.InRange(distance, 0, 0.55);
    }

    [Theory]
    [MemberData(nameof(Voices))]
    public void Inverts_to_a_ten_thousandth_with_trained_weights(string name)
    {
        var model = (CompactVocoder)VoiceLibrary.Load(name).Model;
        MelArray mel = Mel("kathleen", model);
        const int first = 60, frames = 32;
        float[] part = new float[mel.Bands * (frames + model.LookAheadFrames)];
        for (int b = 0; b < mel.Bands; b++)
            mel.Data.AsSpan(b * mel.Frames + first, frames + model.LookAheadFrames).CopyTo(part.AsSpan(b * (frames + model.LookAheadFrames)));
        // Of its own speech: a maf's inverse is a recursion, which feeds its rounding back and stays tame where the speech is likely to it.
        float[] speech = Synthesizer.Synthesize(model, mel.Data, new SynthesisOptions { Match = 0 },
            new Parallelism(1))[(first * 256)..((first + frames) * 256)];
        var chain = new CompactChain(model, part);
        var ops = new CpuOps();
        float[] back = chain.Inverse(ops, chain.Forward(ops, speech).Latents);
        Compute.Samples.Close([.. speech.Select(s => (double)s)], back, 1e-4, "x → z → x");
    }

    // The published WaveGlow hums at multiples of the sample rate over its group when nothing is said.
    [Theory]
    [MemberData(nameof(Voices))]
    public void Says_nothing_where_the_mel_says_nothing(string name)
    {
        LoadedVoice voice = VoiceLibrary.Load(name);
        MelRecipe recipe = voice.Model.Recipe;
        var mel = new float[recipe.Bands * 40];
        Array.Fill(mel, MathF.Log((float)recipe.Floor));
        float[] samples = Synthesizer.Synthesize(voice.Model, mel, voice.Options, new Parallelism(1));
        double Level(double power) => 10 * Math.Log10(power);
        Assert.InRange(Level(samples.Average(s => (double)s * s)), -200, -80);
        int group = Math.Max(((CompactVocoder)voice.Model).Config.Group, 32);
        for (int k = 1; k <= group / 2; k++)
        {
            // The power of a sine of this frequency, by its Fourier coefficient.
            var sum = System.Numerics.Complex.Zero;
            for (int t = 0; t < samples.Length; t++) sum += samples[t] * System.Numerics.Complex.FromPolarCoordinates(1, -2 * Math.PI * k * t / group);
            double amplitude = 2 * sum.Magnitude / samples.Length;
            Assert.InRange(Level(amplitude * amplitude / 2), -300, -100);
        }
    }

    [Fact]
    public void Pitch_shift_moves_the_fundamental()
    {
        LoadedVoice voice = VoiceLibrary.Load(VoiceLibrary.DefaultVoice);
        MelRecipe recipe = voice.Model.Recipe;
        MelArray mel = Mel("margot", voice.Model);
        double Median(float shift)
        {
            float[] samples = Synthesizer.Synthesize(voice.Model, mel.Data, new SynthesisOptions { PitchShift = shift, Sigma = 0.6f }, new Parallelism(1));
            double[] voiced = [.. new PitchTracker(recipe).Track(samples, mel.Frames).F0.Where(f => f > 0).Order().Select(f => (double)f)];
            return voiced[voiced.Length / 2];
        }
        double semitones = 12 * Math.Log2(Median(-3) / Median(0));
        Assert.InRange(semitones, -4, -2);
    }
}
