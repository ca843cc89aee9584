using System.CommandLine;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Lists the voices that come with the program.</summary>
internal sealed class VoicesVerb() : Verb("voices", "Lists the installed voices.", "vocoder voices")
{
    public override int Run(ParseResult arguments, Terminal terminal)
    {
        IReadOnlyList<string> names = VoiceLibrary.Names();
        foreach (string name in names) terminal.Say($"{name}{Remark(name)}");
        if (names.Count == 0) terminal.Say($"no voice is installed in {VoiceLibrary.Folder}");
        return VocoderCommand.Success;
    }

    private static string Remark(string name) => name == VoiceLibrary.DefaultVoice ? " (default)"
        : name == VoiceLibrary.DefaultJudge ? " (judges recordings: the default of 'vocoder score')"
        : VoiceLibrary.Load(name).Model.GeneratesStepByStep ? " (a teacher for 'vocoder distill': it speaks step by step and mostly whispers)" : "";
}
