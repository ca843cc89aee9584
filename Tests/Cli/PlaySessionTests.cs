using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Cli;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class PlaySessionTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private PlaySession New(AudioPlayer player, CancellationToken cancellation = default) => new(player,
        fixture.Model.NewStream(new SynthesisOptions(), new Parallelism(1)), new Terminal(TextWriter.Null, TextWriter.Null, false, cancellation));

    private MelFrames Frames(int extraBytes = 0) => MelFrames.Open(Piped.Frames(fixture.Mel, 80, extraBytes), "frames", 80);

    [Fact]
    public void The_end_is_drained()
    {
        using var player = new Recorder();
        New(player).Speak(Frames());
        Assert.Equal(("drain", (long)fixture.Frames * CliFixture.Hop), (player.Calls, player.Written));
    }

    [Fact]
    public void Ctrl_C_silences_at_once()
    {
        using var cancel = new CancellationTokenSource();
        using var player = new Recorder { OnPlay = cancel.Cancel };
        Assert.ThrowsAny<OperationCanceledException>(() => New(player, cancel.Token).Speak(Frames()));
        Assert.Equal("stop", player.Calls);
    }

    [Fact]
    public void A_mistake_in_the_frames_is_told_after_what_came_before()
    {
        using var player = new Recorder();
        Refusal.Expect(() => New(player).Speak(Frames(extraBytes: 4)), "frames ends in the middle of frame 43");
        Assert.Equal(("drain", (long)fixture.Frames * CliFixture.Hop), (player.Calls, player.Written));
    }

    [Fact]
    public void A_player_that_fails_is_asked_for_nothing_more()
    {
        using var player = new Recorder();
        player.OnPlay = () =>
        {
            if (player.Written > 2000) throw new VocoderException("unplugged");
        };
        Refusal.Expect(() => New(player).Speak(Frames()), "unplugged");
        Assert.Equal("", player.Calls);
    }

    // Remembers what it was asked for.
    private sealed class Recorder() : AudioPlayer("recorder", CliFixture.Rate)
    {
        public string Calls { get; private set; } = "";

        public Action? OnPlay { get; set; }

        public override int BufferedSamples => 0;

        public override void Drain(CancellationToken cancellation = default) => Calls += "drain";

        protected override void Discard() => Calls += "stop";

        protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation) => OnPlay?.Invoke();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
