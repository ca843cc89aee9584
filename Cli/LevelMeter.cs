using System.Globalization;
using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.Cli;

/// <summary>
/// One line about what is heard now, drawn over itself: level, what is buffered, underruns. Samples are written before they are heard, so the level
/// waits as long as they do.
/// </summary>
/// <param name="player">What plays.</param>
/// <param name="screen">Where to draw.</param>
/// <param name="clock">Limits how often.</param>
/// <param name="columns">Columns of the screen now: a longer line would go on in the next row, and could not be drawn over.</param>
internal sealed class LevelMeter(AudioPlayer player, TextWriter screen, TimeProvider clock, Func<int> columns)
{
    private const int BarWidth = 20;
    private const double LowestDecibel = -60;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    // Peaks of what was written, with the position of its end.
    private readonly Queue<(long End, float Peak)> _written = new();
    private long _position;
    private long? _drawn;
    private int _width;

    /// <summary>A meter on standard error, or null where nobody watches it.</summary>
    public static LevelMeter? On(Terminal terminal, AudioPlayer player) =>
        terminal.ErrorColumns is { } columns ? new LevelMeter(player, terminal.Error, terminal.Clock, columns) : null;

    /// <summary>Takes note of samples that are being written.</summary>
    /// <param name="samples">How many.</param>
    /// <param name="peak">The largest magnitude among them.</param>
    public void Add(int samples, float peak)
    {
        _position += samples;
        _written.Enqueue((_position, peak * player.Volume));
    }

    /// <summary>Draws, ten times a second at most.</summary>
    /// <param name="rest">What else there is to say.</param>
    public void Draw(FormattableString rest)
    {
        if (_drawn is { } last && clock.GetElapsedTime(last) < s_interval) return;
        _drawn = clock.GetTimestamp();
        string line = Line(FormattableString.Invariant(rest));
        // The last column stays free: some terminals go on in the next row as soon as it is written.
        int most = Math.Max(1, columns() - 1);
        if (line.Length > most) line = line[..most];
        screen.Write("\r" + line.PadRight(Math.Min(_width, most)));
        screen.Flush();
        _width = line.Length;
    }

    /// <summary>Leaves the screen as it was.</summary>
    public void Clear()
    {
        if (_width == 0) return;
        screen.Write("\r" + new string(' ', Math.Min(_width, Math.Max(1, columns() - 1))) + "\r");
        _width = 0;
    }

    /// <summary>The line as it is drawn.</summary>
    internal string Line(string rest)
    {
        double decibel = 20 * Math.Log10(Math.Max(PeakOfLastInterval(), 1e-6));
        int bar = (int)Math.Round(Math.Clamp(1 - decibel / LowestDecibel, 0, 1) * BarWidth);
        return string.Create(CultureInfo.InvariantCulture,
            $"[{new string('#', bar)}{new string('.', BarWidth - bar)}] {Math.Max(decibel, LowestDecibel),3:0} dB  buffered "
            + $"{player.Latency.TotalMilliseconds,3:0} ms  underruns {player.Underruns}  {rest}");
    }

    private float PeakOfLastInterval()
    {
        long heard = _position - player.BufferedSamples;
        long from = heard - (long)(s_interval.TotalSeconds * player.SampleRate);
        while (_written.TryPeek(out var oldest) && oldest.End <= from) _written.Dequeue();
        float peak = 0;
        foreach (var (end, value) in _written)
        {
            peak = Math.Max(peak, value);
            if (end >= heard) break;
        }
        return peak;
    }
}
