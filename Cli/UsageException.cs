namespace FlowVocoder.Cli;

/// <summary>The command was typed wrongly, beyond what the parser sees: exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
