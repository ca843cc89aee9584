using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

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

    /// <summary>docs/pipelines.md: a mel of another toolkit.</summary>
    public static float[] SpeakMelOfAnother(float[] tacotron2)
    {
        LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
        MelConversion toVoice = MelConversion.Between(MelRecipe.ByName("nvidia"), voice.Model.Recipe);   // what your model was trained on
        float[] mel = toVoice.Convert(tacotron2);                                                        // [bands, frames]
        float[] samples = Synthesizer.Synthesize(voice.Model, mel, voice.Options, new Parallelism(1));
        return samples;
    }

    /// <summary>docs/pipelines.md: its frames, while they are made.</summary>
    public static async Task SpeakFramesOfAnother(LoadedVoice voice, MelConversion toVoice, IAsyncEnumerable<ReadOnlyMemory<float>> model, AudioPlayer player,
        CancellationToken cancellation)
    {
        VocoderStream stream = voice.Model.NewStream(voice.Options, new Parallelism(1));
        MelConverter converter = toVoice.NewConverter();
        float[] frames = new float[4 * stream.Bands], samples = new float[Math.Max(4, stream.LookAheadFrames) * stream.HopSize];
        await foreach (ReadOnlyMemory<float> frame in model)   // one frame of your model at a time
        {
            int count = converter.Push(frame.Span, frames);
            int ready = stream.Push(frames.AsSpan(0, count * stream.Bands), samples);
            player.Write(samples.AsSpan(0, ready), cancellation);
        }

        player.Write(samples.AsSpan(0, stream.Flush(samples)), cancellation);
    }

    /// <summary>docs/pipelines.md: in a graph of NAudio.</summary>
    public static void SpeakThroughNAudio(LoadedVoice voice, MelArray tacotron2)
    {
        MelFrames frames = MelFrames.Converted(MelFrames.Of(tacotron2), MelConversion.Between(MelRecipe.ByName("nvidia"), voice.Model.Recipe));
        var speech = new VocoderSampleProvider(frames, voice.Model.NewStream(voice.Options, new Parallelism(1)));
        WaveFileWriter.CreateWaveFile16("speech48k.wav", new WdlResamplingSampleProvider(speech, 48000));   // or a mixer, a volume, a player
    }

    /// <summary>docs/streaming.md: a mel through NAudio to a sound card.</summary>
    public static void Play()
    {
        LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
        VocoderStream stream = voice.Model.NewStream(voice.Options, new Parallelism(1));
        MelArray mel = MelFile.Read("data/samples/kathleen.npy", stream.Bands);

        using AudioPlayer player = SoundDevices.OpenPlayer(voice.Model.Recipe.SampleRate);
        var speech = new VocoderSampleProvider(MelFrames.Of(mel), stream);
        var meter = new MeteringSampleProvider(speech);
        meter.StreamVolume += (_, e) => Console.WriteLine($"frame {speech.Frame}, peak {e.MaxSampleValues![0]:0.00}");
        player.PlaybackStopped += (_, e) => Console.WriteLine(e.Exception?.Message ?? "heard to the last sample");
        player.Init(meter.ToWaveProvider());
        player.Play();   // returns at once
    }

    /// <summary>docs/streaming.md: samples to a sound card.</summary>
    public static async Task Push(VocoderStream stream, IAsyncEnumerable<ReadOnlyMemory<float>> frames, CancellationToken cancellation)
    {
        using AudioPlayer player = SoundDevices.OpenPlayer(stream.Model.Recipe.SampleRate, "pulse", TimeSpan.FromMilliseconds(100));
        await foreach (SpeechBuffer buffer in stream.SpeakAsync(frames, cancellation)) player.Write(buffer.Samples.Span, cancellation);
        player.Drain(cancellation);
    }
}
