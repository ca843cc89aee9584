using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Docs;

/// <summary>The examples of the documentation, compiled; <see cref="SnippetTests"/> compares them with what is printed there.</summary>
internal static class Snippets
{
    /// <summary>README: a mel into a wav.</summary>
    public static void SpeakWhole()
    {
        LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
        MelArray mel = MelFile.Read("data/samples/kathleen.npy", voice.Model.Recipe.Bands);
        float[] samples = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options, new Parallelism(1));

        using var wav = new WavWriter(File.Create("out.wav"), voice.Model.Recipe.SampleRate);
        wav.Write(samples);
    }

    /// <summary>README: frames that come while it speaks.</summary>
    public static async Task SpeakFrames(LoadedVoice voice, IAsyncEnumerable<ReadOnlyMemory<float>> frames, AudioPlayer player, CancellationToken cancellation)
    {
        VocoderStream stream = voice.Model.NewStream(voice.Options with { PitchShift = 2 }, new Parallelism(1));
        await foreach (SpeechBuffer buffer in stream.SpeakAsync(frames, cancellation))
            player.Write(buffer.Samples.Span, cancellation);   // says the frames from buffer.FirstFrame on
    }

    /// <summary>docs/streaming.md: a mel to a sound card.</summary>
    public static void Play(CancellationToken cancellation)
    {
        LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
        VocoderStream stream = voice.Model.NewStream(voice.Options, new Parallelism(1));
        MelArray mel = MelFile.Read("data/samples/kathleen.npy", stream.Bands);

        using AudioPlayer player = new AlsaPlayer(voice.Model.Recipe.SampleRate, new AlsaOptions { Device = "default" });
        StreamedSpeech.Speak(MelFrames.Of(mel), stream, mostFrames: 4, samples => player.Write(samples, cancellation), cancellation);
        player.Drain(cancellation);
    }
}
