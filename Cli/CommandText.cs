namespace FlowVocoder.Cli;

/// <summary>The command line as it is told with a voice: where it can be read, without the folders of somebody's machine.</summary>
internal static class CommandText
{
    /// <summary>"vocoder" and the arguments; of absolute paths only the last two parts, quoted where they hold spaces.</summary>
    public static string Of(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Reduce).Prepend("vocoder"));

    private static string Reduce(string argument)
    {
        string text = argument;
        if (Path.IsPathFullyQualified(argument))
        {
            string[] parts = argument.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
            text = string.Join('/', parts.TakeLast(2));
        }
        return text.Length > 0 && !text.Any(char.IsWhiteSpace) ? text : $"'{text}'";
    }
}
