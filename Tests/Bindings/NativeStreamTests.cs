using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Native;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Bindings;

/// <summary>The stream behind the C functions, from C#.</summary>
public sealed class NativeStreamTests
{
    private static readonly LoadedVoice s_voice = VoiceLibrary.Load("data/voices/student.safetensors");

    private static float[] Rows(int frames)
    {
        float[] rows = new float[frames * 80];
        Assert.Equal(frames, MelFrames.Of(MelFile.Read("data/samples/kathleen.npy", 80)).Read(rows));
        return rows;
    }

    private static VocoderStream NewStream() => s_voice.Model.NewStream(s_voice.Options with { Match = 0 }, new Parallelism(1));

    [Fact]
    public void What_it_saves_a_stream_of_the_library_goes_on_from()
    {
        float[] rows = Rows(60), expected = new float[60 * 256], rest = new float[60 * 256];
        VocoderStream whole = NewStream(), other = NewStream();
        int size = whole.Push(rows, expected);
        var native = new NativeStream(NewStream());
        float[] first = new float[native.Push(rows.AsSpan(0, 41 * 80))];
        Assert.Equal(first.Length, native.Pull(first));
        other.RestoreState(new MemoryStream(native.Save()));
        int written = other.Push(rows.AsSpan(41 * 80), rest);
        Assert.Equal(expected[..size], (float[])[.. first, .. rest[..written]]);
    }

    [Fact]
    public void Samples_that_wait_are_not_lost_by_saving()
    {
        var native = new NativeStream(NewStream());
        int ready = native.Push(Rows(5));
        Assert.Contains($"{ready} samples wait", Assert.Throws<InvalidOperationException>(native.Save).Message, StringComparison.Ordinal);
        Assert.Equal(ready, native.Available);
    }

    [Fact]
    public void A_long_push_is_checked_before_its_first_frame_is_taken_in()
    {
        float[] rows = Rows(100);
        var native = new NativeStream(NewStream());
        rows[90 * 80 + 3] = float.NaN;
        Assert.Contains("mel frame 90 is NaN in band 3", Assert.Throws<VocoderException>(() => native.Push(rows)).Message, StringComparison.Ordinal);
        Assert.Equal(0, native.Available);
        rows[90 * 80 + 3] = 0;
        Assert.Equal(98 * 256, native.Push(rows));
    }

    [Fact]
    public void Saved_states_are_of_the_mels_that_were_pushed()
    {
        NativeStream New(string recipe) => new(NewStream(), new NativeVoice(s_voice).With(recipe, null, approximate: true).Conversion);
        string Refusal(NativeStream by, NativeStream saved) => Assert.Throws<VocoderException>(() => by.Restore(new MemoryStream(saved.Save()))).Message;
        const string Start = "the state of a stream cannot be restored: ";
        Assert.Equal(Start + "it has frames of another recipe, or of other statistics", Refusal(New("vocos"), New("mozilla-range")));
        Assert.Equal(Start + "it has frames of another recipe, or of other statistics", Refusal(New("vocos"), new NativeStream(NewStream())));
        Assert.StartsWith(Start + "it belongs to a voice whose fingerprint begins with", Refusal(new NativeStream(NewStream()), New("vocos")));
        // What is refused has changed nothing.
        NativeStream stream = New("mozilla-range");
        int ready = stream.Push(Rows(10));
        Assert.Throws<VocoderException>(() => stream.Restore(new MemoryStream(New("vocos").Save())));
        Assert.Equal(ready, stream.Available);
        Assert.Equal(ready + 256, stream.Push(Rows(1)));
    }

    [Fact]
    public void A_foreign_frame_that_no_sound_has_is_not_taken_in()
    {
        var stream = new NativeStream(NewStream(), new NativeVoice(s_voice).With("vocos", null, approximate: true).Conversion);
        float[] rows = new float[100 * 20];
        rows[100 * 12 + 5] = 80;   // e^80
        Assert.Equal("mel frame 12 is 80 in band 5, expected the logarithm of a sound", Assert.Throws<VocoderException>(() => stream.Push(rows)).Message);
        Assert.Equal(0, stream.Available);
        rows[100 * 12 + 5] = 0;
        Assert.True(stream.Push(rows) > 0);
    }

    [Fact]
    public void Handles_are_of_their_kind_and_end_when_freed()
    {
        nint voice = Handles.Add(new NativeVoice(s_voice));
        Assert.Same(s_voice, NativeVoice.Of(voice).Loaded);
        Assert.Throws<ArgumentException>(() => NativeStream.Of(voice));
        Handles.Remove<NativeStream>(voice);
        Assert.Same(s_voice, NativeVoice.Of(voice).Loaded);
        Handles.Remove<NativeVoice>(voice);
        Assert.Equal("the voice is none, or was freed", Assert.Throws<ArgumentException>(() => NativeVoice.Of(voice)).Message);
    }
}
