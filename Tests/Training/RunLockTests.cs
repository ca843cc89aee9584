using System.Diagnostics;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;

namespace FlowVocoder.Tests.Training;

public class RunLockTests
{
    [Fact]
    public void The_second_run_is_refused_with_the_process_of_the_first_and_the_third_is_not()
    {
        using var folder = new TempFolder();
        using (RunLock.Take(folder["voice"]))
        {
            Refusal.Expect(() => RunLock.Take(folder["voice"]), folder["voice"], $"another run writes it, process {Environment.ProcessId}, expected none");
            RunLock.Take(folder["other"]).Dispose();
        }
        Assert.Empty(folder.Entries());
        RunLock.Take(folder["voice"]).Dispose();
    }

    [Fact]
    public void What_a_killed_run_left_locks_nothing()
    {
        using var folder = new TempFolder();
        folder.Add("voice.lock", []);
        folder.Add("voice.pid", "1"u8.ToArray());
        RunLock.Take(folder["voice"]).Dispose();
        Assert.Empty(folder.Entries());
    }

    // flock of util-linux takes the same lock, from another process, and is killed with it.
    [Fact]
    public void A_lock_dies_with_its_process()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "flock is not here");
        using var folder = new TempFolder();
        using var other = Process.Start(new ProcessStartInfo("/usr/bin/flock",
            [folder["voice.lock"], "-c", "echo locked; exec cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("locked", other.StandardOutput.ReadLine());
        folder.Add("voice.pid", "4711"u8.ToArray());
        Refusal.Expect(() => RunLock.Take(folder["voice"]), "process 4711");
        other.Kill(entireProcessTree: true);
        other.WaitForExit();
        // The child that held it too ends a moment later.
        SpinWait.SpinUntil(() => Free(folder["voice"]), TimeSpan.FromMinutes(1));
        RunLock.Take(folder["voice"]).Dispose();
    }

    private static bool Free(string voice)
    {
        try
        {
            RunLock.Take(voice).Dispose();
            return true;
        }
        catch (VocoderException)
        {
            return false;
        }
    }
}
