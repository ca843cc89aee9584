using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.AudioIO.Players;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class StepByStepCostTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Voice(FlowKind kind)
    {
        string path = _folder[$"{kind}.safetensors"];
        var model = new CompactVocoder(CliFixture.TinyConfig with { Flow = kind, EarlyEvery = 0 }, MelRecipe.ByName("hifigan"), seed: 3);
        model.Parameters.Randomize(4, 0.05);
        AtomicFile.Write(path, stream => VoiceFile.Of(model, $"{kind}", "CC0", "a test", 1, new Dictionary<string, string>()).Write(stream));
        return path;
    }

    private string Mel(string name, int frames)
    {
        MelFile.Write(_folder[name], [.. Enumerable.Range(0, 80 * frames).Select(i => -5 + 3 * MathF.Sin(i * 0.37f))], 80, frames);
        return _folder[name];
    }

    /// <summary>Every look at it is a second later.</summary>
    private sealed class TickingClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ++_now;
    }

    // The lines about the cost, with a clock on which the probe took a second.
    private static string[] Lines(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var terminal = new Terminal(output, error, Interactive: false, CancellationToken.None)
        {
            Clock = new TickingClock(), Output = () => new MemoryStream(),
        };
        Assert.Equal(0, VocoderCommand.Run(arguments, terminal));
        return [.. error.ToString().Split('\n').Where(line => line.Contains("step by step", StringComparison.Ordinal))];
    }

    private static string Expected(FlowKind kind, string what, int frames, int part = 8) => string.Create(CultureInfo.InvariantCulture,
        $"vocoder: voice {kind} is {what} step by step: about {(double)frames / part:0.0} s for {frames * 256 / 22050.0:0.0} s of speech");

    [Theory]
    [InlineData(1), InlineData(3), InlineData(8), InlineData(100), InlineData(400)]
    public void Time_grows_with_the_frames_and_the_first_call_does_not_count(int frames)
    {
        var clock = new ManualClock();
        int calls = 0;
        TimeSpan estimate = StepByStepCost.Estimate(part => clock.Pass(TimeSpan.FromMilliseconds(calls++ == 0 ? 5000 : 10 * part)), frames, clock);
        Assert.Equal(10 * frames, estimate.TotalMilliseconds, 1e-6);
        Assert.Equal(2, calls);
    }

    [Fact]
    public void Scores_of_a_student_tell_what_they_take()
    {
        string voice = Voice(FlowKind.Iaf);
        foreach (int frames in (int[])[40, 160])
        {
            WavFile.Write(_folder["a.wav"], CliFixture.Speech(frames * 256.0 / CliFixture.Rate + 1e-6, 120, 1), CliFixture.Rate);
            Assert.Equal([Expected(FlowKind.Iaf, "an inverse autoregressive flow and scores", frames)], Lines("score", _folder["a.wav"], "--voice", voice));
        }
        Assert.Empty(Lines("score", _folder["a.wav"], "--voice", Voice(FlowKind.Maf)));
    }

    [Fact]
    public void A_teacher_that_speaks_tells_what_all_mels_take()
    {
        string voice = Voice(FlowKind.Maf), a = Mel("a.npy", 20), b = Mel("b.npy", 30);
        const string what = "an autoregressive flow and speaks";
        Assert.Equal([Expected(FlowKind.Maf, what, 50)], Lines("synth", a, b, _folder["out"], "--voice", voice));
        Assert.Equal([Expected(FlowKind.Maf, what, 3, 3)], Lines("synth", Mel("c.npy", 3), _folder["c.wav"], "--voice", voice));
        // Nobody knows what a pipe brings: 86 frames are a second.
        Assert.Equal([Expected(FlowKind.Maf, what, 86)], Lines("synth", a, "-", "--voice", voice));
        Assert.Empty(Lines("synth", a, _folder["a.wav"], "--voice", Voice(FlowKind.Iaf)));
    }

    [Fact]
    public void An_evaluation_tells_what_all_clips_take_and_asks_no_student_to_judge()
    {
        Directory.CreateDirectory(_folder["data"]);
        for (int i = 0; i < 2; i++) WavFile.Write(_folder[$"data/{i}.wav"], CliFixture.Speech(0.5, 120, i), CliFixture.Rate);
        Assert.Equal([Expected(FlowKind.Maf, "an autoregressive flow and speaks", 2 * 43)],
            Lines("evaluate", "--data", _folder["data"], "--voice", Voice(FlowKind.Maf)));
        CliResult student = CliFixture.Run("evaluate", "--data", _folder["data"], "--voice", Voice(FlowKind.Iaf)).Succeeds();
        Assert.DoesNotContain("Likelihood of the recordings", student.Output, StringComparison.Ordinal);
    }
}
