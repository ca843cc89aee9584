using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.Cli;

/// <summary>Where sound goes: what the verbs that play have in common.</summary>
internal sealed class PlayerOptions
{
    // Sound servers play through shorter buffers only in fits and starts, without ever failing.
    private const float MinBuffer = 20, MaxBuffer = 10_000;
    private const string Stdout = "stdout", Wav = "wav:", Nothing = "null";

    // "alsa" on Linux, "wasapi" on Windows.
    private static readonly string s_sound = SoundDevices.System;

    private readonly Option<string?> _player = new("--player")
    {
        Description = $"What plays: {s_sound} (a sound card or sound server), stdout (16-bit samples for another program), wav:FILE, or null (nothing, in "
            + $"real time). Default: {s_sound}",
        HelpName = $"{s_sound}|stdout|wav:FILE|null",
    };
    private readonly Option<string?> _device = new("--device") { Description = "Device, see 'vocoder devices'. Default: default", HelpName = "NAME" };
    private readonly Option<float?> _buffer;
    private readonly Option<float?> _volume = Inputs.Number("--volume", "X", "Factor on the samples, 0 to 4. Default: 1");
    private readonly int _defaultBuffer;

    /// <summary>Adds the options to a verb.</summary>
    public PlayerOptions(Command verb, int defaultBuffer)
    {
        _defaultBuffer = defaultBuffer;
        _buffer = Inputs.NumberWithin("--buffer", "MS", FormattableString.Invariant(
            $"Milliseconds of sound that the device holds, {MinBuffer} to {MaxBuffer}: more survives longer hesitations, less is heard sooner. Default: {defaultBuffer}"), MinBuffer, MaxBuffer);
        _player.Validators.Add(result =>
        {
            string text = result.Tokens[0].Value;
            if (text != s_sound && text is not (Stdout or Nothing) && !(text.StartsWith(Wav, StringComparison.Ordinal) && text.Length > Wav.Length))
                result.AddError($"--player is '{text}', expected {s_sound}, stdout, wav:FILE or null");
        });
        foreach (Option option in (Option[])[_player, _device, _buffer, _volume]) verb.Add(option);
    }

    /// <summary>What is said beside the sound, not into it where it takes standard output.</summary>
    public Terminal Beside(ParseResult arguments, Terminal terminal) => terminal.Beside(arguments.GetValue(_player) == Stdout ? Pipes.Dash : File(arguments));

    /// <summary>The first of these options that was typed, or null.</summary>
    public string? Typed(ParseResult arguments) =>
        new Option[] { _player, _device, _buffer, _volume }.FirstOrDefault(option => arguments.GetResult(option) != null)?.Name;

    /// <summary>The file that is recorded into, or null.</summary>
    public string? File(ParseResult arguments) => arguments.GetValue(_player) is { } player && player.StartsWith(Wav, StringComparison.Ordinal)
        ? player[Wav.Length..] : null;

    /// <summary>Opens the player.</summary>
    /// <exception cref="UsageException">The options do not go together, or a number is out of range.</exception>
    /// <exception cref="VocoderException">The device or file cannot be used; the line says what can be done.</exception>
    public AudioPlayer Open(ParseResult arguments, int sampleRate, Terminal terminal)
    {
        string player = arguments.GetValue(_player) ?? s_sound;
        if (player != s_sound && arguments.GetValue(_device) is { } device)
            throw new UsageException($"found --device {device} and --player {player}, expected --device with {s_sound}");
        if (player != s_sound && player != Nothing && arguments.GetValue(_buffer) is { } buffer)
            throw new UsageException(FormattableString.Invariant($"found --buffer {buffer} and --player {player}, expected --buffer with {s_sound} or null"));
        float volume = arguments.GetValue(_volume) ?? 1;
        if (volume is not (>= 0 and <= 4)) throw new UsageException(FormattableString.Invariant($"--volume is {volume}, expected 0 to 4"));
        if (File(arguments) is { } file)
        {
            Files.CheckEnding(file, "a recording", ".wav", ".wave");
            if (!OutputTarget.IsDevice(file)) AtomicFile.DeleteLeftovers(file);
        }
        AudioPlayer opened = player switch
        {
            Stdout => new PcmPlayer(terminal.OpenPipeOut(), sampleRate),
            Nothing => new NullPlayer(sampleRate, Buffer(arguments), terminal.Clock),
            _ => File(arguments) is { } path ? new WavPlayer(path, sampleRate) : OpenDevice(arguments, sampleRate),
        };
        opened.Volume = volume;
        return opened;
    }

    private AudioPlayer OpenDevice(ParseResult arguments, int sampleRate)
    {
        try
        {
            return SoundDevices.OpenPlayer(sampleRate, arguments.GetValue(_device) ?? SoundDevices.Default, Buffer(arguments));
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"{e.Message}; or play elsewhere: --player stdout, wav:FILE or null", e);
        }
    }

    private TimeSpan Buffer(ParseResult arguments) => TimeSpan.FromMilliseconds(arguments.GetValue(_buffer) ?? _defaultBuffer);
}
