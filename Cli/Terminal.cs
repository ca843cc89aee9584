namespace FlowVocoder.Cli;

/// <summary>Where a verb speaks to its user, and where the user's Ctrl-C arrives.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Warnings and errors.</param>
/// <param name="Interactive">Whether a person watches, so that progress may be drawn over itself.</param>
/// <param name="Cancellation">Set by Ctrl-C.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool Interactive, CancellationToken Cancellation)
{
    /// <summary>A line of results, with numbers as every program reads them.</summary>
    public void Say(FormattableString line) => Out.WriteLine(FormattableString.Invariant(line));

    /// <summary>A line that does not belong to the results.</summary>
    public void Warn(FormattableString line) => Error.WriteLine(FormattableString.Invariant(line));
}
