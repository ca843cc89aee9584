using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlowVocoder.Streaming;

namespace FlowVocoder.Native;

/// <summary>Functions of the header around streams. None lets an exception out.</summary>
internal static unsafe class StreamExports
{
    [UnmanagedCallersOnly(EntryPoint = "fv_stream_create", CallConvs = [typeof(CallConvCdecl)])]
    public static nint Create(nint voice, NativeOptions* options)
    {
        try
        {
            NativeVoice speaker = NativeVoice.Of(voice);
            NativeOptions how = NativeOptions.Read(options, speaker.Loaded);
            VocoderStream stream = speaker.Loaded.Model.NewStream(how.Synthesis, how.ForStream);
            return Handles.Add(new NativeStream(stream, speaker.Conversion, speaker.NewDenoiser(how.Denoise)));
        }
        catch (Exception e)
        {
            LastError.Set(e);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_free", CallConvs = [typeof(CallConvCdecl)])]
    public static void Free(nint stream) => Handles.Remove<NativeStream>(stream);

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_push", CallConvs = [typeof(CallConvCdecl)])]
    public static long Push(nint stream, float* frames, long count)
    {
        try
        {
            NativeStream target = NativeStream.Of(stream);
            return target.Push(Memory.Frames(frames, count, target.Bands));
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_flush", CallConvs = [typeof(CallConvCdecl)])]
    public static long Flush(nint stream)
    {
        try
        {
            return NativeStream.Of(stream).Flush();
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_available", CallConvs = [typeof(CallConvCdecl)])]
    public static long Available(nint stream)
    {
        try
        {
            return NativeStream.Of(stream).Available;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_pull", CallConvs = [typeof(CallConvCdecl)])]
    public static long Pull(nint stream, float* samples, long capacity)
    {
        try
        {
            return NativeStream.Of(stream).Pull(Memory.Span(samples, capacity, "samples"));
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_reset", CallConvs = [typeof(CallConvCdecl)])]
    public static int Reset(nint stream)
    {
        try
        {
            NativeStream.Of(stream).Reset();
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_latency", CallConvs = [typeof(CallConvCdecl)])]
    public static long Latency(nint stream)
    {
        try
        {
            return NativeStream.Of(stream).Latency;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_save", CallConvs = [typeof(CallConvCdecl)])]
    public static long Save(nint stream, byte* state, long capacity)
    {
        try
        {
            byte[] saved = NativeStream.Of(stream).Save();
            if (capacity >= saved.Length) saved.CopyTo(Memory.Span(state, saved.Length, "bytes"));
            return saved.Length;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fv_stream_restore", CallConvs = [typeof(CallConvCdecl)])]
    public static int Restore(nint stream, byte* state, long size)
    {
        try
        {
            Memory.Span(state, size, "bytes");
            using var saved = new UnmanagedMemoryStream(state, size);
            NativeStream.Of(stream).Restore(saved);
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }
}
