using FlowVocoder.AudioIO.Players;
using FlowVocoder.Cli;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.Cli;

public class LevelMeterTests
{
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData(1f, "[####################]   0 dB"), InlineData(0.1f, "[#############.......] -20 dB"), InlineData(0f, "[....................] -60 dB"),
        InlineData(2f, "[####################]   6 dB")]
    public void Levels_are_decibels_below_full_scale(float level, string expected)
    {
        using var player = new NullPlayer(1000, TimeSpan.FromMilliseconds(10), _clock);
        var meter = new LevelMeter(player, TextWriter.Null, _clock, () => 100);
        Write(player, meter, level, 200);
        Assert.StartsWith(expected, meter.Line(""), StringComparison.Ordinal);
    }

    [Fact]
    public void The_level_is_that_of_what_is_heard_now_not_of_what_was_written()
    {
        using var player = new NullPlayer(1000, TimeSpan.FromMilliseconds(500), _clock);
        var meter = new LevelMeter(player, TextWriter.Null, _clock, () => 100);
        for (int i = 0; i < 20; i++) Write(player, meter, 0.001f, 50);
        for (int i = 0; i < 8; i++) Write(player, meter, 1f, 50);
        Assert.Contains("-60 dB  buffered 500 ms  underruns 0  x", meter.Line("x"), StringComparison.Ordinal);
        _clock.Pass(TimeSpan.FromMilliseconds(300));
        Assert.Contains("  0 dB  buffered 200 ms", meter.Line(""), StringComparison.Ordinal);
    }

    [Fact]
    public void Drawing_is_limited_to_ten_times_a_second_and_leaves_nothing()
    {
        using var player = new NullPlayer(1000, clock: _clock);
        var screen = new StringWriter();
        var meter = new LevelMeter(player, screen, _clock, () => 100);
        for (int i = 0; i < 100; i++)
        {
            meter.Draw($"{i}");
            _clock.Pass(TimeSpan.FromMilliseconds(10));
        }
        Assert.Equal(10, screen.ToString().Count(c => c == '\r'));
        meter.Clear();
        Assert.Matches(@"\r +\r$", screen.ToString());
    }

    [Fact]
    public void A_line_stays_in_its_row_while_the_window_changes()
    {
        using var player = new NullPlayer(1000, clock: _clock);
        var screen = new StringWriter();
        int columns = 200;
        var meter = new LevelMeter(player, screen, _clock, () => columns);
        foreach (int width in (int[])[200, 80, 30, 1])
        {
            columns = width;
            screen.GetStringBuilder().Clear();
            meter.Draw($"latency 107 ms  {new string('x', 60)}");
            string line = screen.ToString();
            Assert.Equal('\r', line[0]);
            Assert.InRange(line.Length - 1, 1, Math.Max(1, width - 1));
            _clock.Pass(TimeSpan.FromSeconds(1));
        }
        screen.GetStringBuilder().Clear();
        meter.Clear();
        Assert.Equal("\r \r", screen.ToString());
    }

    private static void Write(NullPlayer player, LevelMeter meter, float level, int samples)
    {
        float[] block = Enumerable.Repeat(level, samples).ToArray();
        player.Write(block);
        meter.Add(samples, level);
    }
}
