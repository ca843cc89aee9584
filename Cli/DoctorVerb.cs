using System.CommandLine;
using System.Runtime.InteropServices;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.Compute.Kernels;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>What is there, what would be used, and why the rest would not.</summary>
internal sealed class DoctorVerb()
    : Verb("doctor", "Tells which engines, vector widths, audio back ends and voices are there, which would be used, and why the others would not.",
    "vocoder doctor")
{
    private const string Used = "used", There = "there", Not = "-";

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        var table = new TextTable(false, false, false, false);
        table.Add("program", "", "vocoder", $"{typeof(DoctorVerb).Assembly.GetName().Version!.ToString(3)}, {RuntimeInformation.FrameworkDescription}, "
            + $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        table.Add("engine", Used, "managed", $"C# on the processor, {Environment.ProcessorCount} threads");
        foreach (VoiceEngine engine in VoiceEngine.Registered)
            table.Add("", engine.IsUsable ? There : Not, engine.Name, $"{engine.Description}{(engine.IsUsable ? "; used when asked for by --engine" : "")}");
        foreach (var (name, how) in VoiceEngine.Missing) table.Add("", Not, name, $"not in this build; {how} brings it");
        Widths(table);
        Sound(table);
        Recordings(table);
        bool speaks = Voices(table);
        terminal.Out.Write(table.ToString());
        return speaks ? VocoderCommand.Success : throw new VocoderException($"the default voice '{VoiceLibrary.DefaultVoice}' cannot speak");
    }

    private static void Widths(TextTable table)
    {
        string title = "vectors";
        foreach (var (bits, needs) in (ReadOnlySpan<(int, string)>)[(512, "AVX-512"), (256, "AVX2 with FMA"), (128, "every processor")])
        {
            var (state, reason) = bits == SimdWidth.Bits ? (Used, bits < SimdWidth.Widest ? "chosen by FLOWVOCODER_SIMD" : needs)
                : bits > SimdWidth.Widest ? (Not, $"this processor (or its .NET settings) has no {needs}")
                : (There, bits < SimdWidth.Bits ? "wider vectors are there" : $"FLOWVOCODER_SIMD chooses {SimdWidth.Bits}");
            table.Add(title, state, $"{bits} bit", reason);
            title = "";
        }
    }

    private static void Sound(TextTable table)
    {
        string? library = OperatingSystem.IsWindows() ? null : Library();
        string? plays = library ?? SoundDevices.Problem(), records = library ?? SoundDevices.Problem(capture: true);
        string found = OperatingSystem.IsWindows() ? "the default device" : library ?? $"device default, alsa-lib {AlsaDevices.LibraryVersion}";
        table.Add("playing", plays == null ? Used : Not, SoundDevices.System, plays ?? found);
        if (library == null && !OperatingSystem.IsWindows()) Servers(table, capture: false);
        foreach (var (name, what) in (ReadOnlySpan<(string, string)>)[("stdout", "16-bit samples for another program"), ("wav:FILE", "a recording"),
            ("null", "nothing, in real time")])
            table.Add("", There, name, $"{what}; used when asked for by --player");
        table.Add("recording", records == null ? Used : Not, SoundDevices.System, records ?? found);
        if (library == null && !OperatingSystem.IsWindows()) Servers(table, capture: true);
    }

    // Sound servers often run where nobody has made one of them the default.
    private static void Servers(TextTable table, bool capture)
    {
        foreach (SoundDevice device in SoundDevices.List().Where(d => d.Name is "pulse" or "pipewire" && (capture ? d.Records : d.Plays))
            .DistinctBy(d => d.Name))
        {
            string? problem = SoundDevices.Problem(device.Name, capture);
            table.Add("", problem == null ? There : Not, device.Name, problem ?? $"used with {(capture ? "live --input" : "--device")} {device.Name}");
        }
    }

    private static string? Library()
    {
        try
        {
            _ = AlsaDevices.LibraryVersion;
            return null;
        }
        catch (VocoderException e)
        {
            return e.Message;
        }
    }

    private static void Recordings(TextTable table)
    {
        table.Add("files", Used, "wav", "read and written by the program itself");
        bool flac = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(folder => folder.Length > 0)
            .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "flac.exe" : "flac")));
        table.Add("", flac ? Used : Not, "flac", flac ? "read through the program flac"
            : "found no program 'flac' on the path, expected it (Debian, Ubuntu: apt install flac)");
    }

    private static bool Voices(TextTable table)
    {
        IReadOnlyList<string> names = VoiceLibrary.Names();
        bool speaks = false;
        string title = "voices";
        foreach (string name in names)
        {
            string state = name == VoiceLibrary.DefaultVoice ? Used : There, text;
            try
            {
                LoadedVoice voice = VoiceLibrary.Load(name);
                text = FormattableString.Invariant($"{voice.Model.Kind}, {voice.Model.Parameters.Count / 1e6:0.0} M parameters, recipe {voice.Model.Recipe.Name}{(state == Used ? "" : "; used when asked for by --voice")}");
                speaks |= state == Used;
            }
            catch (VocoderException e)
            {
                (state, text) = (Not, e.Message);
            }
            table.Add(title, state, name, text);
            title = "";
        }
        if (names.Count == 0) table.Add(title, Not, "", $"no voice is installed in {VoiceLibrary.Folder}");
        return speaks;
    }
}
