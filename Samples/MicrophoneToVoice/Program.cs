// Repeats what a microphone hears in the voice's own sound, a tenth of a second later.
//   dotnet run -c Release --project Samples/MicrophoneToVoice                           (microphone and loudspeaker; Ctrl-C ends)
//   dotnet run -c Release --project Samples/MicrophoneToVoice -- loopback               (Windows: what the loudspeaker plays)
//   dotnet run -c Release --project Samples/MicrophoneToVoice -- speech.wav out.wav     (a recording, in real time)
using FlowVocoder;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Live;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
try
{
    LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
    int rate = voice.Model.Recipe.SampleRate;
    using AudioPlayer player = args.Length > 1 ? new WavPlayer(args[1], rate) : SoundDevices.OpenPlayer(rate, buffer: TimeSpan.FromMilliseconds(60));
    using AudioInput input = args.Length > 0 && File.Exists(args[0]) ? Paced(args[0])
        : SoundDevices.OpenInput(rate, args.Length > 0 ? args[0] : SoundDevices.Default);
    var pipeline = new LivePipeline(input, player, voice.Model.Recipe, voice.Model.NewStream(voice.Options, new Parallelism(1)));
    try
    {
        while (pipeline.Step(stop.Token)) Console.Write($"\rfrom input to ear {pipeline.EndToEndLatency.TotalMilliseconds,4:0} ms ");
        pipeline.Finish(stop.Token);
    }
    catch (OperationCanceledException)
    {
        player.Stop();
    }
    Console.WriteLine();
    return 0;
}
catch (VocoderException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static PacedInput Paced(string path)
{
    Recording recording = Recording.Read(path);
    return new PacedInput(recording.Samples, recording.SampleRate, path);
}
