// A console player for Windows on NAudio's own classes: no window, no WPF. Builds everywhere, plays on Windows.
//   dotnet run -c Release --project Samples/WindowsPlayer                          (lists the devices)
//   dotnet run -c Release --project Samples/WindowsPlayer -- data/samples/kathleen.npy [DEVICE]
// Space pauses, + and - change the volume, Escape stops.
using System.Runtime.Versioning;
using FlowVocoder;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.AudioIO.Wasapi;
using FlowVocoder.Compute;
using FlowVocoder.Voices;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

if (!OperatingSystem.IsWindows())
{
    Console.Error.WriteLine("this sample plays through WASAPI, which only Windows has; 'vocoder play' plays on Linux");
    return 1;
}
try
{
    if (args.Length == 0)
    {
        foreach (SoundDevice device in SoundDevices.List()) Console.WriteLine($"{device.Name}: {device.Description}");
        return 0;
    }
    return Play(args[0], args.Length > 1 ? args[1] : null);
}
catch (VocoderException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

[SupportedOSPlatform("windows")]
static int Play(string mel, string? device)
{
    LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
    var speech = new VocoderSampleProvider(MelFrames.Of(MelFile.Read(mel, voice.Model.Recipe.Bands)), voice.Model.NewStream(voice.Options, new Parallelism(1)));
    var meter = new MeteringSampleProvider(speech);
    meter.StreamVolume += (_, e) => Console.Write($"\rframe {speech.Frame,5}  {new string('#', (int)(20 * Math.Min(1, e.MaxSampleValues![0]))),-20}");

    using BufferedPlayer player = WasapiPlayback.Open(voice.Model.Recipe.SampleRate, device);
    Exception? problem = null;
    player.PlaybackStopped += (_, e) => problem = e.Exception;
    player.Init(meter.ToWaveProvider());
    player.Play();
    while (player.PlaybackState != PlaybackState.Stopped)
    {
        Thread.Sleep(20);
        if (Console.IsInputRedirected || !Console.KeyAvailable) continue;
        switch (Console.ReadKey(intercept: true).Key)
        {
            case ConsoleKey.Spacebar when player.PlaybackState == PlaybackState.Playing: player.Pause(); break;
            case ConsoleKey.Spacebar: player.Play(); break;
            case ConsoleKey.Add or ConsoleKey.OemPlus: player.Volume = Math.Min(4, player.Volume * 1.25f); break;
            case ConsoleKey.Subtract or ConsoleKey.OemMinus: player.Volume /= 1.25f; break;
            case ConsoleKey.Escape: player.Stop(); break;
        }
    }
    Console.WriteLine();
    if (problem != null) throw new VocoderException(problem.Message, problem);
    return 0;
}
