using System.Reflection;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.SamplePrograms;

/// <summary>The sample programs do what they say, into files.</summary>
public class SampleProgramTests
{
    [Fact]
    public async Task Speech_made_frame_by_frame_is_the_speech_of_the_whole_mel()
    {
        using var folder = new TempFolder();
        Assert.Equal(0, await Run("SpeakWhileGenerating", folder["a.wav"]));
        LoadedVoice voice = VoiceLibrary.Load("data/voices/student.safetensors");
        MelArray mel = MelFile.Read("data/samples/kathleen.npy", voice.Model.Recipe.Bands);
        float[] whole = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options with { Match = 1 }, new Parallelism(1));
        SpeechLimiter.Apply(whole);
        Assert.Equal(Noise.In16Bits(whole), Noise.In16Bits(AudioFile.Read(folder["a.wav"]).Channels[0]));
    }

    [Fact]
    public async Task A_recording_is_spoken_again()
    {
        using var folder = new TempFolder();
        WavFile.Write(folder["in.wav"], Noise.Of(8000, 1), 16000);
        Assert.Equal(0, await Run("MicrophoneToVoice", folder["in.wav"], folder["out.wav"]));
        // Half a second and the padding of its last frame, less what a busy machine skips to catch up.
        Assert.InRange(AudioFile.Read(folder["out.wav"]).Length, 11025 / 2, 11025 + 256);
    }

    private static async Task<int> Run(string program, params string[] arguments) =>
        Assembly.Load(program).EntryPoint!.Invoke(null, [arguments]) switch
        {
            int code => code,
            Task<int> code => await code,
            var other => throw new InvalidOperationException($"{program} gave {other}"),
        };
}
