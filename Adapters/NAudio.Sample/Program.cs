// Speaks a mel through NAudio, in two ways:
//   dotnet run --project Adapters/NAudio.Sample -- data/voices/compact.safetensors data/samples/kathleen.npy            (loudspeaker, Windows)
//   dotnet run --project Adapters/NAudio.Sample -- data/voices/compact.safetensors data/samples/kathleen.npy out.wav    (NAudio's writer, anywhere)
using FlowVocoder;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.NAudio;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;
using NAudio.Wave;

if (args.Length is not (2 or 3))
{
    Console.Error.WriteLine("expected VOICE.safetensors MEL.npy [OUT.wav]");
    return 2;
}
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
try
{
    LoadedVoice voice = VoiceLibrary.Load(args[0]);
    MelFrames frames = MelFrames.Of(MelFile.Read(args[1], voice.Model.Recipe.Bands));
    VocoderStream stream = voice.Model.NewStream(voice.Options, new Parallelism(1));
    if (args.Length == 3)
    {
        // A source like any other of NAudio's.
        WaveFileWriter.CreateWaveFile16(args[2], new VocoderSampleProvider(frames, stream));
        return 0;
    }
    // A player like any other of this project's: what generates need not keep a callback waiting.
    using AudioPlayer player = WavePlayerAdapter.Wasapi(voice.Model.Recipe.SampleRate);
    try
    {
        StreamedSpeech.Speak(frames, stream, mostFrames: 4, samples => player.Write(samples, stop.Token), stop.Token);
        player.Drain(stop.Token);
    }
    catch (OperationCanceledException)
    {
        player.Stop();
        return 130;
    }
    Console.WriteLine($"{player.Name}: {player.Underruns} underruns");
    return 0;
}
catch (VocoderException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
