using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Live;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO.Players;
using FlowVocoder.Tests.Cli;

namespace FlowVocoder.Tests.AudioIO.Live;

public class LivePipelineTests
{
    private const int Rate = 22050;

    private readonly ManualClock _clock = new();
    private readonly CompactVocoder _model = new(CliFixture.TinyConfig, MelRecipe.ByName("hifigan"), seed: 3);

    private VocoderStream Stream() => _model.NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1));

    [Theory]
    [InlineData(22050), InlineData(48000), InlineData(16000)]
    public void What_is_heard_is_bit_for_bit_what_the_voice_makes_of_the_whole_recording(int rate)
    {
        float[] recording = Noise.Of(rate / 2, 1);
        var heard = new List<float>();
        using var player = new NullPlayer(Rate, TimeSpan.FromMilliseconds(60), _clock);
        using var input = new PacedInput(recording, rate, "x", _clock);
        var pipeline = new LivePipeline(input, player, _model.Recipe, Stream()) { Written = samples => heard.AddRange(samples) };
        while (pipeline.Step(default))
        {
        }
        pipeline.Finish(default);
        float[] mel = new MelSpectrogram(_model.Recipe).Compute(Resampler.Resample(recording, rate, Rate));
        Assert.Equal(Synthesizer.Synthesize(_model, mel, new SynthesisOptions { Match = 0 }, new Parallelism(1)), heard.ToArray());
        Assert.Equal((0L, TimeSpan.Zero), (player.Underruns, pipeline.Skipped));
    }

    [Fact]
    public void The_delay_is_measured_and_consists_of_what_is_known()
    {
        using var player = new NullPlayer(Rate, TimeSpan.FromMilliseconds(60), _clock);
        using var input = new PacedInput(new float[Rate * 2], Rate, "x", _clock);
        var pipeline = new LivePipeline(input, player, _model.Recipe, Stream());
        // Half a window and half a hop, and two frames of look-ahead.
        Assert.Equal((640 + 512) / 22.05, pipeline.AlgorithmicLatency.TotalMilliseconds, 1e-3);
        for (int i = 0; i < 100; i++) pipeline.Step(default);
        // On this clock computing takes no time: windows, look-ahead and a full buffer, give or take a hop and what a read brings at once.
        Assert.InRange(pipeline.EndToEndLatency.TotalMilliseconds, 52 + 60 - 12 - 1, 52 + 60 + 11);
    }

    [Fact]
    public void What_came_late_once_is_caught_up()
    {
        using var player = new NullPlayer(Rate, TimeSpan.FromMilliseconds(60), _clock);
        using var input = new PacedInput(new float[Rate * 10], Rate, "x", _clock);
        var pipeline = new LivePipeline(input, player, _model.Recipe, Stream());
        double Late(int steps)
        {
            for (int i = 0; i < steps; i++) pipeline.Step(default);
            return pipeline.EndToEndLatency.TotalMilliseconds;
        }
        double before = Late(100);
        // The computer was busy with something else.
        _clock.Pass(TimeSpan.FromMilliseconds(400));
        Assert.True(Late(1) > before + 250);
        Assert.InRange(Late(300), before - 15, before + 25);
        Assert.InRange(pipeline.Skipped.TotalMilliseconds, 250, 420);
        Assert.Equal(1, player.Underruns);
    }

    [Fact]
    public void A_player_of_another_rate_is_refused()
    {
        using var player = new NullPlayer(44100, clock: _clock);
        using var input = new PacedInput(new float[10], Rate, "x", _clock);
        Refusal.Expect(() => new LivePipeline(input, player, _model.Recipe, Stream()), "44100 Hz, expected 22050 Hz");
    }
}
