using System.CommandLine;

namespace FlowVocoder.Cli;

/// <summary>One verb of the command: its arguments and what it does.</summary>
/// <param name="name">As typed.</param>
/// <param name="description">One sentence or two, for the help.</param>
/// <param name="examples">Lines that work as they stand.</param>
internal abstract class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Shown at the end of the help.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>
    /// How long it may take to end after Ctrl-C, to finish what must not be left half done; then it is abandoned where it is. The default value is 1 s.
    /// </summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(1);

    /// <summary>Does it; the exit code.</summary>
    public abstract int Run(ParseResult arguments, Terminal terminal);
}
