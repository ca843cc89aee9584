using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;

namespace FlowVocoder.Cli;

/// <summary>Where a verb speaks to its user, and where the user's Ctrl-C arrives.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Warnings and errors.</param>
/// <param name="Interactive">Whether a person watches <paramref name="Out"/>, so that progress may be drawn over itself there.</param>
/// <param name="Cancellation">Set by Ctrl-C.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool Interactive, CancellationToken Cancellation)
{
    /// <summary>Standard input as bytes.</summary>
    public Func<Stream> Input { get; init; } = StandardStreams.OpenInput;

    /// <summary>Standard output as bytes.</summary>
    public Func<Stream> Output { get; init; } = StandardStreams.OpenOutput;

    /// <summary>Whether a person types at standard input.</summary>
    public bool TypedInput { get; init; }

    /// <summary>Whether what is typed may be read, which a program in the background must not.</summary>
    public Func<bool> MayReadTyped { get; init; } = static () => Foreground.MayRead;

    /// <summary>Whether standard input was closed when the program began.</summary>
    public bool InputIsClosed { get; init; }

    /// <summary>Whether standard output was closed when the program began.</summary>
    public bool OutputIsClosed { get; init; }

    /// <summary>Columns of <see cref="Error"/>, asked anew for each line, where it is a screen that may be drawn on; null where it is none.</summary>
    public Func<int>? ErrorColumns { get; init; }

    /// <summary>Whether standard output is a screen.</summary>
    public bool OutputIsScreen { get; init; }

    /// <summary>The clock of players that play nothing and of recordings that sound in real time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The same for a verb whose result goes to <paramref name="output"/>: where that leads to standard output, nothing else is said there.</summary>
    public Terminal Beside(string? output) => output != null && (output == Pipes.Dash || OutputTarget.IsDevice(output))
        ? this with { Out = Error, Interactive = false } : this;

    /// <summary>A line of results, with numbers as every program reads them.</summary>
    public void Say(FormattableString line) => Out.WriteLine(Visible.Text(FormattableString.Invariant(line)));

    /// <summary>A line that does not belong to the results.</summary>
    public void Warn(FormattableString line) => Error.WriteLine(Visible.Text(FormattableString.Invariant(line)));

    /// <summary>Standard input, for what comes through a pipe.</summary>
    /// <exception cref="UsageException">Somebody types there.</exception>
    /// <exception cref="VocoderException">It is closed.</exception>
    public Stream OpenPipeIn(string expected) => InputIsClosed
        ? throw new VocoderException($"{Pipes.InputName} is closed, expected {expected} in a pipe or a file")
        : TypedInput ? throw new UsageException($"standard input is a terminal, expected {expected} in a pipe or a file")
        : new InterruptibleStream(Input(), Pipes.InputName, Cancellation);

    /// <summary>Standard output, for sound; nothing else may be written there.</summary>
    /// <exception cref="UsageException">It is a screen.</exception>
    /// <exception cref="VocoderException">It is closed.</exception>
    public Stream OpenPipeOut() => OutputIsClosed ? throw new VocoderException($"{Pipes.OutputName} is closed, expected a pipe or a file for the sound")
        : OutputIsScreen ? throw new UsageException("standard output is a terminal, expected a pipe or a file for the sound")
        : new InterruptibleStream(Output(), Pipes.OutputName, Cancellation);
}
