using FlowVocoder.Features;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

public class CompactStreamTests
{
    private const int Frames = 23;
    private static readonly Parallelism One = new(1);
    // A stream of the model itself; those that match its mel have tests of their own.
    private static readonly SynthesisOptions s_unmatched = new() { Match = 0 };
    private static readonly float[] Mel = StreamRuns.Mel(Frames, 80, 21);

    public static TheoryData<CompactConfig> Configurations() => CompactModels.Configurations();

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Any_chunking_on_any_threads_gives_the_same_bits(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        var options = new SynthesisOptions { Seed = 5, Sigma = 0.9f, PitchShift = config.Harmonics.Length > 0 ? -2f : 0f, Match = 0 };
        float[] whole = StreamRuns.Whole(model.NewStream(options, One), Mel);
        Assert.InRange(whole.Max(Math.Abs), 0.001f, 100f);
        if (model.UsesPhase)
        {
            Assert.NotEqual(whole, StreamRuns.Whole(model.NewStream(options with { PitchShift = 0 }, One), Mel));
            Assert.Equal(2, Voicing(model).Distinct().Count());
        }
        var random = new Random(6);
        foreach (int threads in new[] { 1, 2 })
        {
            VocoderStream stream = model.NewStream(options, new Parallelism(threads));
            Samples.SameBits(whole, StreamRuns.Run(stream, Mel, () => random.Next(1, 6)), $"{threads} threads, chunks of 1 to 5");
            stream.Reset();
            Samples.SameBits(whole, StreamRuns.Run(stream, Mel, () => 1), $"{threads} threads, frame by frame");
            stream.Reset();
            Samples.SameBits(whole, StreamRuns.Run(stream, Mel, () => random.Next(1, Frames + 1)), $"{threads} threads, long chunks");
        }
        float[] bands = StreamRuns.BandMajor(Mel, 80);
        Samples.SameBits(whole, Synthesizer.Synthesize(model, bands, options, One), "synthesizer");
    }

    // What the random pitch net hears in the mel of these tests.
    private static IEnumerable<bool> Voicing(CompactVocoder model)
    {
        var mel = new Tensor(1, 80, Frames);
        model.NormalizeMel(StreamRuns.BandMajor(Mel, 80), mel.Span);
        var (bins, voicing) = model.Pitch!.Apply(new CpuOps(), mel);
        return [.. Enumerable.Range(1, Frames - 1).Select(i => PitchPredictor.Decode(bins, voicing, 0, i) > 0)];
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void A_longer_mel_changes_no_earlier_sample(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        float[] whole = StreamRuns.Whole(model.NewStream(s_unmatched, One), Mel);
        foreach (int frames in new[] { 1, 4, 11, Frames - 1 })
        {
            float[] shorter = StreamRuns.Whole(model.NewStream(s_unmatched, One), Mel.AsSpan(0, frames * 80));
            int same = Math.Max(0, frames - config.LookAhead) * 256;
            Samples.SameBits(whole.AsSpan(0, same), shorter.AsSpan(0, same), $"{frames} frames");
            Assert.NotEqual(whole[same..shorter.Length], shorter[same..]);
        }
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void The_end_sounds_as_if_the_last_frame_went_on(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        foreach (int frames in new[] { 1, 2, 7 })
        {
            ReadOnlySpan<float> start = Mel.AsSpan(0, frames * 80), last = start[^80..];
            float[] held = [.. start, .. Enumerable.Repeat(last.ToArray(), config.LookAhead).SelectMany(frame => frame)];
            float[] expected = StreamRuns.Whole(model.NewStream(s_unmatched, One), held);
            Samples.SameBits(expected.AsSpan(0, frames * 256), StreamRuns.Whole(model.NewStream(s_unmatched, One), start), $"{frames} frames");
        }
        Assert.Equal(0, model.NewStream(s_unmatched, One).Flush([]));
    }

    [Fact]
    public void Without_noise_the_seed_sets_the_start_phase_alone()
    {
        var quiet = new SynthesisOptions { Sigma = 0 };
        float[] Speak(CompactVocoder model, SynthesisOptions options) => StreamRuns.Whole(model.NewStream(options, One), Mel);
        CompactVocoder plain = CompactModels.Create(CompactModels.Small with { Harmonics = [] });
        Samples.SameBits(Speak(plain, quiet), Speak(plain, quiet with { Seed = 77 }), "no phase");
        Assert.NotEqual(Speak(plain, quiet), Speak(plain, quiet with { Sigma = 0.5f }));

        CompactVocoder voiced = CompactModels.Create(CompactModels.Small);
        Samples.SameBits(Speak(voiced, quiet), Speak(voiced, quiet), "the same seed");
        Assert.NotEqual(Speak(voiced, quiet), Speak(voiced, quiet with { Seed = 77 }));
        Assert.NotEqual(Speak(voiced, quiet), Speak(voiced, quiet with { PitchShift = 3 }));
    }

    [Fact]
    public void Options_and_buffers_that_do_not_fit_are_refused()
    {
        CompactVocoder model = CompactModels.Create(CompactModels.Small);
        string Message(CompactVocoder voice, SynthesisOptions options) => Assert.Throws<VocoderException>(() => voice.NewStream(options, One)).Message;
        Assert.Equal("sigma is -0.1, expected 0 to 10", Message(model, new() { Sigma = -0.1f }));
        Assert.Equal("the pitch shift is 25 semitones, expected -24 to 24", Message(model, new() { PitchShift = 25 }));
        CompactVocoder plain = CompactModels.Create(CompactModels.Small with { Harmonics = [] });
        Assert.Equal("the pitch shift is 2.5 semitones, expected 0: this voice has no phase condition", Message(plain, new() { PitchShift = 2.5f }));

        VocoderStream stream = model.NewStream(s_unmatched, One);
        Assert.Throws<ArgumentException>(() => stream.Push(new float[81], new float[256]));
        // A refused push leaves the stream as it was.
        Assert.Throws<ArgumentException>(() => stream.Push(Mel.AsSpan(0, 800), new float[255]));
        Samples.SameBits(StreamRuns.Whole(model.NewStream(s_unmatched, One), Mel), StreamRuns.Run(stream, Mel, () => 3), "after a refused push");
    }
}

[Collection(SimdCollection.Name)]
public class CompactStreamSimdTests
{
    public static TheoryData<CompactConfig> Configurations() => CompactModels.Configurations();

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Any_vector_width_gives_the_same_bits(CompactConfig config)
    {
        float[] mel = StreamRuns.Mel(9, 80, 22);
        float[]? expected = null;
        SimdCollection.AtEachWidth(bits =>
        {
            float[] samples = StreamRuns.Run(CompactModels.Create(config).NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1)), mel, () => 2);
            Samples.SameBits(expected ??= samples, samples, $"{bits} bits");
        });
    }

    // The stack of a thread is 1 MiB on Windows; that of a long hop went beyond it and ended the process.
    [Fact]
    public void A_long_hop_needs_no_large_stack()
    {
        MelRecipe recipe = MelRecipe.ByName("hifigan") with { HopSize = 262144, FftSize = 1 << 18, WindowSize = 1024 };
        CompactVocoder model = CompactModels.Create(CompactModels.Small with { Group = 256, LinearPrediction = 0 }, recipe);
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() =>
        {
            VocoderStream stream = model.NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1));
            int frames = model.LookAheadFrames + 1;
            var mel = new float[frames * recipe.Bands];
            mel.AsSpan().Fill(-3);
            Assert.Equal(recipe.HopSize, stream.Push(mel, new float[frames * recipe.HopSize]));
        }), maxStackSize: 512 << 10);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void Saving_a_state_leaves_the_memory_of_the_layers_in_place()
    {
        var state = new StreamState();
        StreamSlot slot = state.Slot("a", 1, 2, 3);
        StateExchange.To(new MemoryStream()).Slots(state, new Dictionary<string, (int, int, int)>());
        Assert.Same(slot, state.Slot("a", 1, 2, 3));
    }
}
