namespace FlowVocoder.Cli;

/// <summary>How pipes are called.</summary>
internal static class Pipes
{
    /// <summary>What stands on the command line for standard input or output.</summary>
    public const string Dash = "-";

    public const string InputName = "standard input", OutputName = "standard output";
}
