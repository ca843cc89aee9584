using System.Runtime.InteropServices;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Devices;

namespace FlowVocoder.Tests.AudioIO.Alsa;

/// <summary>The real library on its devices that need no sound card.</summary>
public class AlsaDeviceTests
{
    private static void NeedAlsa()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libasound.so.2", out _), "ALSA's library libasound.so.2 is not installed");
        Assert.SkipWhen(SoundDevices.Problem("null") is { } problem, "ALSA has no configuration here");
    }

    [Theory]
    [InlineData(22050, 5000), InlineData(24000, 1), InlineData(44100, 100_000)]
    public void The_file_device_gets_the_bytes_that_were_played_and_silence_up_to_the_period(int rate, int length)
    {
        NeedAlsa();
        using var folder = new TempFolder();
        float[] samples = [.. Noise.Of(length - 1, 1), 2f];
        using (var player = new AlsaOut(rate, new AlsaOptions { Device = $"file:FILE={folder["played.raw"]},FORMAT=raw" }))
        {
            Assert.Equal(rate, player.DeviceRate);
            for (int start = 0; start < length; start += 777) player.Write(samples.AsSpan(start, Math.Min(777, length - start)));
            player.Drain();
            Assert.Equal(0, player.Underruns);
        }
        short[] played = MemoryMarshal.Cast<byte, short>(File.ReadAllBytes(folder["played.raw"])).ToArray();
        Assert.Equal(Noise.In16Bits(samples), played[..length]);
        Assert.All(played[length..], s => Assert.Equal(0, s));
        Assert.InRange(played.Length - length, 0, rate / 100);
    }

    [Fact]
    public void The_null_device_plays_stops_and_plays_again()
    {
        NeedAlsa();
        using var player = new AlsaOut(22050, new AlsaOptions { Device = "null" });
        player.Write(Noise.Of(50_000, 2));
        player.Stop();
        player.Drain();
        player.Write(Noise.Of(50_000, 3));
        player.Drain();
        Assert.Equal(100_000, player.Written);
    }

    [Fact]
    public void The_null_device_records_silence()
    {
        NeedAlsa();
        using var recorder = new AlsaIn(22050, new AlsaOptions { Device = "null" });
        float[] samples = Noise.Of(1000, 4);
        for (int read = 0; read < samples.Length;) read += recorder.Read(samples.AsSpan(read), TestContext.Current.CancellationToken);
        Assert.All(samples, s => Assert.Equal(0, s));
    }

    [Theory]
    [InlineData("no-such-device"), InlineData("hw:77"), InlineData("")]
    public void A_device_that_is_not_there_is_told_in_one_line(string device)
    {
        NeedAlsa();
        Refusal.Expect(() => new AlsaOut(22050, new AlsaOptions { Device = device }), $"cannot play on '{device}': no such device is there");
        Refusal.Expect(() => new AlsaIn(22050, new AlsaOptions { Device = device }), $"cannot record from '{device}': no such device is there");
    }

    [Fact]
    public void Devices_are_listed()
    {
        NeedAlsa();
        SoundDevice nothing = Assert.Single(AlsaDevices.List(), d => d.Name == "null");
        Assert.True(nothing is { Plays: true, Records: true });
        Assert.NotEqual("", nothing.Description);
        Assert.Matches(@"^1\.\d+", AlsaDevices.LibraryVersion);
    }

    [Theory]
    [InlineData(0.5, 200, "the period is 0.5 ms"), InlineData(10, 15, "the buffer is 15 ms"), InlineData(10, 20_000, "the buffer is 20000 ms")]
    public void Impossible_buffers_are_refused(double period, double buffer, string expected) => Refusal.Expect(() => new AlsaOut(22050, new AlsaOptions
    {
        Device = "null", Period = TimeSpan.FromMilliseconds(period), Buffer = TimeSpan.FromMilliseconds(buffer),
    }), expected);

    [Fact]
    public void A_busy_device_and_a_missing_library_are_told_in_one_line()
    {
        Assert.Contains("cannot play on 'hw:0': another program is using it", AlsaError.OnOpen("hw:0", false, AlsaError.Busy).Message,
            StringComparison.Ordinal);
        Assert.Contains("cannot record from 'default': found no sound card", AlsaError.OnOpen("default", true, AlsaError.NoEntry).Message,
            StringComparison.Ordinal);
        Assert.Contains("apt install libasound2", AlsaError.NoLibrary(new DllNotFoundException()).Message, StringComparison.Ordinal);
    }
}
