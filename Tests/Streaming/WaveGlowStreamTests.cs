using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

public class WaveGlowStreamTests
{
    private static readonly Parallelism One = new(1);

    public static TheoryData<WaveGlowConfig> Configurations() => WaveGlowTests.Configurations();

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Any_chunking_gives_the_bits_of_one_pass_over_the_whole_mel(WaveGlowConfig config)
    {
        WaveGlow model = WaveGlowTests.Shaken(config);
        int frames = 2 * model.LookAheadFrames + 29;
        float[] mel = StreamRuns.Mel(frames, config.MelChannels, 3), bands = StreamRuns.BandMajor(mel, config.MelChannels);
        var options = new SynthesisOptions { Sigma = 0.7f, Seed = 11 };
        var ops = new CpuOps();
        Tensor whole = model.Generate(ops, Tensor.From(bands, 1, config.MelChannels, frames),
            model.DrawNoise(ops, 0.7f, 11, 0, (int)(model.SampleCount(frames) / config.Group)));
        float[] expected = new float[frames * config.UpsampleStride];
        whole.Span.CopyTo(expected);

        Samples.SameBits(expected, StreamRuns.Whole(model.NewStream(options, One), mel), "one push");
        var random = new Random(4);
        VocoderStream stream = model.NewStream(options, new Parallelism(2));
        Samples.SameBits(expected, StreamRuns.Run(stream, mel, () => random.Next(1, 12)), "random chunks");
        stream.Reset();
        Samples.SameBits(expected, StreamRuns.Run(stream, mel, () => 7), "after a reset");
        Samples.SameBits(expected, Synthesizer.Synthesize(model, bands, options, One), "synthesizer");
        Assert.NotEqual(expected, Synthesizer.Synthesize(model, bands, options with { Seed = 12 }, One));
    }

    [Fact]
    public void A_push_longer_than_a_pass_is_cut_without_a_trace()
    {
        WaveGlow model = WaveGlowTests.Shaken(new WaveGlowConfig(2, 2, 4, 1, 0, new WaveGlowWaveNetConfig(1, 4, 3), 8, 8));
        VocoderStream stream = model.NewStream(new SynthesisOptions(), One);
        float[] mel = StreamRuns.Mel(3 * stream.ChunkFrames + 5, 2, 3);
        float[] whole = StreamRuns.Whole(stream, mel);
        stream.Reset();
        Samples.SameBits(whole, StreamRuns.Run(stream, mel, () => 100), "chunks of 100");
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void The_look_ahead_is_that_of_the_worst_frame(WaveGlowConfig config)
    {
        WaveGlow model = WaveGlowTests.Shaken(config);
        int group = config.Group, hop = config.UpsampleStride, future = model.ReceptiveField / group;
        // Groups up to that of the frame's last sample and the couplings' reach beyond, in whole frames after the frame.
        Assert.Equal(Enumerable.Range(0, group).Max(i => FramesOf(((i + 1) * hop - 1) / group + 1 + future) - (i + 1)), model.LookAheadFrames);
        int FramesOf(int groups) => (groups * group + hop - 1) / hop;
    }

    [Fact]
    public void The_published_size_looks_24480_samples_ahead()
    {
        var model = new WaveGlow(WaveGlow.DefaultConfig);
        Assert.Equal(96, model.LookAheadFrames);
        Assert.Equal(24_480 + 3 * 256, model.PastSamples);
        Assert.Equal(223.9e9, model.MacsPerSecond, 0.05e9);
        Assert.Equal("nvidia", model.Recipe.Name);
        Assert.Equal("waveglow", model.Kind);
    }

    [Fact]
    public void Options_and_buffers_that_do_not_fit_are_refused()
    {
        WaveGlow model = WaveGlowReference.Load();
        string Message(SynthesisOptions options) => Assert.Throws<VocoderException>(() => model.NewStream(options, One)).Message;
        Assert.Equal("the pitch shift is 2.5 semitones, expected 0: a model of kind waveglow takes the pitch from the mel alone",
            Message(new() { PitchShift = 2.5f }));
        Assert.Equal("sigma is NaN, expected 0 to 10", Message(new() { Sigma = float.NaN }));
        VocoderStream stream = model.NewStream(new SynthesisOptions(), One);
        Assert.Throws<ArgumentException>(() => stream.Push(new float[9], new float[256]));
        Assert.Equal(0, stream.Flush(new float[0]));
        // A refused push leaves the stream as it was.
        float[] mel = StreamRuns.Mel(5, 8, 1);
        Assert.Throws<ArgumentException>(() => stream.Push(mel, new float[255]));
        float[] samples = StreamRuns.Whole(stream, mel);
        stream.Reset();
        Samples.SameBits(samples, StreamRuns.Run(stream, mel, () => 1), "after a refused push");
    }
}
