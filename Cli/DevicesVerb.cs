using System.CommandLine;
using FlowVocoder.AudioIO.Devices;

namespace FlowVocoder.Cli;

/// <summary>Lists what can play and record.</summary>
internal sealed class DevicesVerb() : Verb("devices", "Lists the devices that 'play --device' and 'live --input' take.",
    "vocoder devices",
    "vocoder play speech.npy --device pulse")
{
    public override int Run(ParseResult arguments, Terminal terminal)
    {
        var table = new TextTable(false, false, false);
        table.Add("device", "for", "is");
        foreach (SoundDevice device in SoundDevices.List())
            table.Add(device.Name, device is { Plays: true, Records: true } ? "play, live" : device.Plays ? "play" : "live", device.Description);
        terminal.Out.Write(table.ToString());
        return VocoderCommand.Success;
    }
}
