using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Native;

/// <summary>Functions of the header around voices and whole mels. None lets an exception out.</summary>
internal static unsafe class VoiceExports
{
    private static readonly CText s_version = new(typeof(LoadedVoice).Assembly.GetName().Version!.ToString(3));

    [UnmanagedCallersOnly(EntryPoint = "fv_version", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Version() => s_version.Pointer;

    [UnmanagedCallersOnly(EntryPoint = "fv_last_error", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Error() => LastError.Pointer;

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_open", CallConvs = [typeof(CallConvCdecl)])]
    public static nint Open(byte* path)
    {
        try
        {
            string file = CText.Require(path, "the path of the voice");
            // A name would be looked for beside the program, where a C program has no voices.
            if (!File.Exists(file)) throw new VocoderException($"{file}: no such file");
            return Handles.Add(new NativeVoice(VoiceLibrary.Load(file)));
        }
        catch (Exception e)
        {
            LastError.Set(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_open_memory", CallConvs = [typeof(CallConvCdecl)])]
    public static nint OpenMemory(byte* data, nuint size, byte* name)
    {
        try
        {
            if (data == null) throw new ArgumentException("the memory of the voice is NULL");
            using var file = new UnmanagedMemoryStream(data, checked((long)size));
            return Handles.Add(new NativeVoice(VoiceLibrary.Load(file, CText.Optional(name) ?? "voice")));
        }
        catch (Exception e)
        {
            LastError.Set(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_with_recipe", CallConvs = [typeof(CallConvCdecl)])]
    public static nint WithRecipe(nint voice, byte* recipe, byte* statistics, int approximate)
    {
        try
        {
            return Handles.Add(NativeVoice.Of(voice).With(CText.Optional(recipe), CText.Optional(statistics), approximate != 0));
        }
        catch (Exception e)
        {
            LastError.Set(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_free", CallConvs = [typeof(CallConvCdecl)])]
    public static void Free(nint voice) => Handles.Remove<NativeVoice>(voice);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_sample_rate", CallConvs = [typeof(CallConvCdecl)])]
    public static int SampleRate(nint voice) => (int)Number(voice, static v => v.Loaded.Model.Recipe.SampleRate);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_bands", CallConvs = [typeof(CallConvCdecl)])]
    public static int Bands(nint voice) => (int)Number(voice, static v => v.MelRecipe.Bands);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_hop_size", CallConvs = [typeof(CallConvCdecl)])]
    public static int HopSize(nint voice) => (int)Number(voice, static v => v.Loaded.Model.Recipe.HopSize);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_samples", CallConvs = [typeof(CallConvCdecl)])]
    public static long Samples(nint voice, long frames) => Number(voice, v => v.Samples(Memory.RequireFrames(frames, v.MelRecipe.Bands)));

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_name", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Name(nint voice) => Text(voice, static v => v.Name);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_licence", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Licence(nint voice) => Text(voice, static v => v.Licence);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_recipe", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Recipe(nint voice) => Text(voice, static v => v.Recipe);

    [UnmanagedCallersOnly(EntryPoint = "fv_voice_difference", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Difference(nint voice) => Text(voice, static v => v.Difference);

    [UnmanagedCallersOnly(EntryPoint = "fv_options_init", CallConvs = [typeof(CallConvCdecl)])]
    public static int InitOptions(nint voice, NativeOptions* options)
    {
        try
        {
            if (options == null) throw new ArgumentException("the options are NULL");
            *options = NativeOptions.For(NativeVoice.Of(voice).Loaded);
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_synthesize", CallConvs = [typeof(CallConvCdecl)])]
    public static long Synthesize(nint voice, NativeOptions* options, float* mel, long frames, int layout, float* samples, long capacity)
    {
        try
        {
            NativeVoice speaker = NativeVoice.Of(voice);
            NativeOptions how = NativeOptions.Read(options, speaker.Loaded);
            int bands = speaker.MelRecipe.Bands;
            float[] bandsFirst = Layout.BandsFirst(Memory.Frames(mel, frames, bands), bands, layout);
            long size = speaker.Samples(frames);
            if (capacity < size) throw new ArgumentException($"room for {capacity} samples, expected {size}");
            Memory.Span(samples, size, "samples");
            var target = new SampleTarget(samples, speaker.NewDenoiser(how.Denoise));
            Synthesizer.Synthesize(speaker.Loaded.Model, speaker.Convert(bandsFirst), how.Synthesis, how.ForWholeMel, target.Write);
            target.End();
            return target.Count;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_to_pcm16", CallConvs = [typeof(CallConvCdecl)])]
    public static int ToPcm16(float* samples, long count, short* pcm)
    {
        try
        {
            ReadOnlySpan<float> source = Memory.Span(samples, count, "samples");
            Span<short> target = Memory.Span(pcm, count, "16-bit samples");
            float[] limited = source.ToArray();
            SpeechLimiter.Apply(limited);
            for (int i = 0; i < limited.Length; i++) target[i] = Pcm16.Of(limited[i]);
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    private static long Number(nint voice, Func<NativeVoice, long> number)
    {
        try
        {
            return number(NativeVoice.Of(voice));
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    private static byte* Text(nint voice, Func<NativeVoice, CText> text)
    {
        try
        {
            return text(NativeVoice.Of(voice)).Pointer;
        }
        catch (Exception e)
        {
            LastError.Set(e);
            return null;
        }
    }

    // Chunks come from threads of the synthesiser, one at a time and in order.
    private sealed class SampleTarget(float* samples, DenoiserStream? denoiser)
    {
        public long Count { get; private set; }

        public void Write(ReadOnlyMemory<float> chunk)
        {
            if (denoiser != null) Count += denoiser.Push(chunk.Span, Room(denoiser.SamplesAfter(chunk.Length)));
            else
            {
                chunk.Span.CopyTo(Room(chunk.Length));
                Count += chunk.Length;
            }
        }

        // What is left is as much as was held back.
        public void End()
        {
            if (denoiser != null) Count += denoiser.Flush(Room(denoiser.FlushCount));
        }

        private Span<float> Room(int count) => new(samples + Count, count);
    }
}
