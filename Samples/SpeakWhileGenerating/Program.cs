// Speaks while another model still makes the frames: what it has made is heard while it makes the next.
//   dotnet run -c Release --project Samples/SpeakWhileGenerating             (loudspeaker; Ctrl-C interrupts)
//   dotnet run -c Release --project Samples/SpeakWhileGenerating -- out.wav  (a file)
using System.Runtime.CompilerServices;
using FlowVocoder;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
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
    VocoderStream stream = voice.Model.NewStream(voice.Options, new Parallelism(1));
    int rate = voice.Model.Recipe.SampleRate;
    using AudioPlayer player = args.Length > 0 ? new WavPlayer(args[0], rate) : SoundDevices.OpenPlayer(rate);
    try
    {
        await foreach (SpeechBuffer buffer in stream.SpeakAsync(Model(stream.Bands, stop.Token), stop.Token))
        {
            player.Write(buffer.Samples.Span, stop.Token);
            Console.WriteLine($"frame {buffer.FirstFrame,4} is spoken, heard in {player.Latency.TotalMilliseconds,3:0} ms");
        }
        player.Drain(stop.Token);
    }
    catch (OperationCanceledException)
    {
        player.Stop();
        return 130;
    }
    return 0;
}
catch (VocoderException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

// Stands for a text-to-speech model: eight frames (93 ms of speech) now and then.
static async IAsyncEnumerable<ReadOnlyMemory<float>> Model(int bands, [EnumeratorCancellation] CancellationToken cancellation)
{
    MelArray mel = MelFile.Read("data/samples/kathleen.npy", bands);
    for (int frame = 0; frame < mel.Frames; frame++)
    {
        if (frame % 8 == 0) await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        yield return Enumerable.Range(0, bands).Select(band => mel.Data[band * mel.Frames + frame]).ToArray();
    }
}
