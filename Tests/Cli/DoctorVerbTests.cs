using System.Runtime.InteropServices;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.Compute.Kernels;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Cli;

[Collection(SimdCollection.Name)]
public class DoctorVerbTests
{
    [Fact]
    public void It_names_what_is_used_and_a_reason_for_everything_else()
    {
        CliResult result = CliFixture.Run("doctor").Succeeds();
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string part in (string[])["program", "engine", "vectors", "playing", "recording", "files", "voices"])
            Assert.Contains(lines, l => l.StartsWith(part, StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("used", StringComparison.Ordinal) && l.Contains($"{SimdWidth.Bits} bit", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("used", StringComparison.Ordinal) && l.Contains("compact", StringComparison.Ordinal)
            && l.Contains("M parameters", StringComparison.Ordinal));
        // State, name and reason of each line.
        Assert.All(lines[1..], l => Assert.True(l[10..].Split("  ", StringSplitOptions.RemoveEmptyEntries) is [_, _, { Length: > 3 }], l));
    }

    [Fact]
    public void Widths_that_are_not_used_say_why() => SimdCollection.AtEachWidth(bits =>
    {
        string[] lines = CliFixture.Run("doctor").Succeeds().Output.Split('\n');
        foreach (int other in SimdCollection.Widths)
        {
            string line = Assert.Single(lines, l => l.Contains($" {other} bit", StringComparison.Ordinal));
            string expected = other == bits ? (bits < SimdWidth.Widest ? "chosen by FLOWVOCODER_SIMD" : "") : other > SimdWidth.Widest ? "this processor"
                : other < bits ? "wider vectors are there" : "FLOWVOCODER_SIMD chooses";
            Assert.Contains(expected, line, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Sound_servers_that_are_listed_are_tried_beside_the_default()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libasound.so.2", out _), "ALSA's library libasound.so.2 is not installed");
        string[] servers = [.. AlsaDevices.List().Select(d => d.Name).Where(name => name is "pulse" or "pipewire").Distinct()];
        Assert.SkipWhen(servers.Length == 0, "ALSA knows of no sound server here");
        string[] lines = CliFixture.Run("doctor").Succeeds().Output.Split('\n');
        foreach (string server in servers)
        {
            string line = lines.First(l => l.Contains($" {server} ", StringComparison.Ordinal));
            string expected = SoundDevices.Problem(server) == null ? $"used with --device {server}" : $"cannot play on '{server}'";
            Assert.Contains(expected, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Devices_are_listed_or_the_missing_library_is_named()
    {
        CliResult result = CliFixture.Run("devices");
        if (NativeLibrary.TryLoad("libasound.so.2", out _))
        {
            // A library without its configuration knows no device.
            Assert.Equal(0, result.Code);
            Assert.StartsWith("device", result.Output, StringComparison.Ordinal);
        }
        else result.Fails(1, "ALSA");
    }
}
