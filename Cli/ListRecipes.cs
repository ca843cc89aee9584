using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using FlowVocoder.Features;

namespace FlowVocoder.Cli;

/// <summary>Prints the recipes of the toolkits, whatever else was typed.</summary>
internal sealed class ListRecipes : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var table = new TextTable(false, true, true, true, true, false, false, false);
        table.Add("recipe", "Hz", "hop", "FFT", "bands", "range", "values", "used by");
        foreach (MelRecipe recipe in MelRecipe.Presets)
        {
            table.Add(recipe.Name, Number(recipe.SampleRate), Number(recipe.HopSize), Number(recipe.FftSize), Number(recipe.Bands),
                $"{Number(recipe.MinFrequency)}–{Number(recipe.MaxFrequency)} Hz", Values(recipe), recipe.Description);
        }
        parseResult.InvocationConfiguration.Output.Write(table.ToString());
        return 0;
    }

    private static string Values(MelRecipe recipe) => recipe.Logarithm switch
    {
        MelLogarithm.Natural => "ln",
        MelLogarithm.Log10 => "log10",
        _ => "dB",
    } + (recipe.OutputMin is { } least && recipe.OutputMax is { } most ? $", {Number(least)}…{Number(most)}" : recipe.OutputScale != 1 ? ", scaled" : "");

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
