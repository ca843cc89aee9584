using System.CommandLine;
using System.Globalization;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>The option that says how the differential equation of a voice with a continuous flow is solved.</summary>
internal sealed class SolverOption
{
    private readonly Option<string?> _solver = new("--solver")
    {
        Description = $"How a voice with a continuous flow solves its equation: {string.Join(", ", OdeMethod.All.Select(method => method.Name))}, "
            + "each in equal steps, as in rk4:1. Default: as the voice is configured",
        HelpName = "METHOD:STEPS",
    };

    /// <summary>Adds the option to a verb.</summary>
    public SolverOption(Command verb) => verb.Add(_solver);

    /// <summary>The voice, solved as was asked for.</summary>
    /// <exception cref="UsageException">It is no solver with its steps.</exception>
    /// <exception cref="VocoderException">The voice has no equation to solve.</exception>
    public LoadedVoice Put(ParseResult arguments, LoadedVoice voice)
    {
        if (arguments.GetValue(_solver) is not { } text) return voice;
        if (text.Split(':') is not [var name, var count] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int steps))
            throw new UsageException($"--solver is '{text}', expected METHOD:STEPS, for example rk4:1");
        if (voice.Model is not CompactVocoder model)
            throw new VocoderException(
                $"voice {voice.Name}: there is no equation to solve in a {voice.Model.Kind}, expected a compact voice with a continuous flow");
        return voice with { Model = model.WithSolver(name, steps) };
    }
}
