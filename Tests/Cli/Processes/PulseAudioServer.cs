using System.ComponentModel;
using System.Diagnostics;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli.Processes;

/// <summary>A sound server of the test's own, with one sink that plays to nobody and whose monitor can be recorded.</summary>
internal sealed class PulseAudioServer : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Process _daemon;

    public PulseAudioServer(int rate)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ALSA is part of Linux");
        Assert.SkipUnless(Directory.Exists("/usr/share/alsa/alsa.conf.d") && Directory.EnumerateFiles("/usr/share/alsa/alsa.conf.d", "*pulse*").Any()
            || File.Exists("/usr/share/alsa/pulse-alsa.conf"),
                "ALSA's plugin for PulseAudio is not installed (Debian, Ubuntu: apt install libasound2-plugins)");
        Environment = new Dictionary<string, string>
        {
            ["PULSE_SERVER"] = "unix:" + _folder["socket"], ["PULSE_SOURCE"] = "test.monitor", ["HOME"] = _folder.Root, ["XDG_RUNTIME_DIR"] = _folder.Root,
        };
        _daemon = Start("pulseaudio", ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
            "-L", $"module-native-protocol-unix socket={_folder["socket"]} auth-anonymous=1",
            "-L", $"module-null-sink sink_name=test format=s16le rate={rate} channels=1"]);
        while (!File.Exists(_folder["socket"]))
        {
            Assert.SkipWhen(_daemon.HasExited, "PulseAudio does not start here");
            Thread.Sleep(20);
        }
    }

    /// <summary>What a program needs to find the server.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Records what the sink plays, as 16-bit samples on the standard output of the process.</summary>
    public Process Record(int rate) => Start("parec", ["-d", "test.monitor", "--raw", "--format=s16le", $"--rate={rate}", "--channels=1"]);

    /// <summary>Plays 16-bit samples from the standard input of the process.</summary>
    public Process Play(int rate) => Start("pacat", ["-d", "test", "--raw", "--format=s16le", $"--rate={rate}", "--channels=1"]);

    /// <summary>Ends it without a word, as if it had crashed or its device had been pulled out.</summary>
    public void Kill()
    {
        _daemon.Kill();
        _daemon.WaitForExit();
    }

    public void Dispose()
    {
        if (!_daemon.HasExited)
        {
            _daemon.Kill();
            _daemon.WaitForExit();
        }
        _daemon.Dispose();
        _folder.Dispose();
    }

    private Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        try
        {
            Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return process;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"the program {program} is not installed (Debian, Ubuntu: apt install pulseaudio pulseaudio-utils)");
            throw;
        }
    }
}
