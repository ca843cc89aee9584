using System.Runtime.InteropServices;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>Error numbers of ALSA (those of Linux, negative), and what to tell about them.</summary>
internal static class AlsaError
{
    public const int Again = -11, Interrupted = -4, InputOutput = -5, NoEntry = -2, NoSuchDeviceOrAddress = -6, Access = -13, Busy = -16, NoDevice = -19,
        Invalid = -22;
    public const int BrokenPipe = -32, BadState = -77, Suspended = -86, ConnectionRefused = -111, HostDown = -112;

    /// <summary>One line about a device that cannot be opened.</summary>
    public static VocoderException OnOpen(string device, bool capture, int error)
    {
        string reason = error switch
        {
            NoEntry or NoSuchDeviceOrAddress or NoDevice or Invalid when device == "default" =>
                "found no sound card, expected one, or another device (see 'vocoder devices')",
            NoEntry or NoSuchDeviceOrAddress or NoDevice or Invalid =>
                "no such device is there, expected one of those that 'vocoder devices' lists and that are present",
            Busy => "another program is using it, expected a free device",
            Access => "permission denied (members of the group 'audio' may use sound cards)",
            ConnectionRefused or HostDown => "the sound server does not answer, expected a running one",
            _ => Text(error),
        };
        return new VocoderException($"{Cannot(device, capture)}: {reason}");
    }

    /// <summary>One line about a device that failed while it was in use.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="capture">Whether it records.</param>
    /// <param name="error">What it answered.</param>
    /// <param name="used">Whether it has ever taken or given a sample: one that has not was no good from the start.</param>
    public static VocoderException InUse(string device, bool capture, int error, bool used) => new(used
        ? $"{Cannot(device, capture)} any more: {(IsGone(error) ? "the device is gone (unplugged, or its sound server has ended)" : Text(error))}"
        : $"{Cannot(device, capture)}: the device {(capture ? "gives" : "takes")} no samples: {Text(error)}");

    /// <summary>One line about a device that takes or gives nothing.</summary>
    public static VocoderException Stalled(string device, bool capture, TimeSpan time) =>
        new($"{Cannot(device, capture)} any more: the device {(capture ? "gave" : "took")} no samples for {(int)time.TotalSeconds} s");

    /// <summary>One line about the library.</summary>
    public static VocoderException NoLibrary(Exception inner) => new(OperatingSystem.IsLinux()
        ? $"the ALSA library {LibAsound.Name} is not installed, expected it for sound cards (Debian, Ubuntu: apt install libasound2; Fedora: dnf install "
            + "alsa-lib; Alpine: apk add alsa-lib)"
        : "sound cards are reached through ALSA, which only Linux has, and through WASAPI on Windows", inner);

    private static bool IsGone(int error) => error is NoDevice or BadState or NoSuchDeviceOrAddress or InputOutput;

    private static string Cannot(string device, bool capture) => $"cannot {(capture ? "record from" : "play on")} '{device}'";

    private static string Text(int error)
    {
        string number = FormattableString.Invariant($"ALSA error {-error}");
        try
        {
            return Marshal.PtrToStringUTF8(LibAsound.ErrorText(error)) is { Length: > 0 } text ? $"{number}, {text}" : number;
        }
        catch (DllNotFoundException)
        {
            return number;
        }
    }
}
