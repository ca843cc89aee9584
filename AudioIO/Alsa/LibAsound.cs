using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>
/// The functions of ALSA's library that playing and recording need, under their own names (alsa-lib 1.2, documented at
/// https://www.alsa-project.org/alsa-doc/alsa-lib/). Results below 0 are negative error numbers of the system.
/// </summary>
internal static unsafe partial class LibAsound
{
    public const string Name = "libasound.so.2";

    public const int Playback = 0, Capture = 1;
    public const int NonBlocking = 1;
    public const int InterleavedAccess = 3;
    public const int FormatS16 = 2;

    private static int s_silenced;

    [LibraryImport(Name, EntryPoint = "snd_pcm_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(out PcmHandle pcm, string name, int stream, int mode);

    [LibraryImport(Name, EntryPoint = "snd_pcm_close")]
    public static partial int Close(nint pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_malloc")]
    public static partial int NewHardwareParameters(out nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_free")]
    public static partial void FreeHardwareParameters(nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_any")]
    public static partial int AnyHardwareParameters(PcmHandle pcm, nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_rate_resample")]
    public static partial int SetRateResample(PcmHandle pcm, nint parameters, uint value);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_access")]
    public static partial int SetAccess(PcmHandle pcm, nint parameters, int access);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_format")]
    public static partial int SetFormat(PcmHandle pcm, nint parameters, int format);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_channels_near")]
    public static partial int SetChannelsNear(PcmHandle pcm, nint parameters, ref uint channels);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_rate_near")]
    public static partial int SetRateNear(PcmHandle pcm, nint parameters, ref uint rate, int* direction);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_period_size_near")]
    public static partial int SetPeriodNear(PcmHandle pcm, nint parameters, ref nuint frames, int* direction);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params_set_buffer_size_near")]
    public static partial int SetBufferNear(PcmHandle pcm, nint parameters, ref nuint frames);

    [LibraryImport(Name, EntryPoint = "snd_pcm_hw_params")]
    public static partial int SetHardwareParameters(PcmHandle pcm, nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params_malloc")]
    public static partial int NewSoftwareParameters(out nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params_free")]
    public static partial void FreeSoftwareParameters(nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params_current")]
    public static partial int CurrentSoftwareParameters(PcmHandle pcm, nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params_set_start_threshold")]
    public static partial int SetStartThreshold(PcmHandle pcm, nint parameters, nuint frames);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params_set_avail_min")]
    public static partial int SetAvailableMinimum(PcmHandle pcm, nint parameters, nuint frames);

    [LibraryImport(Name, EntryPoint = "snd_pcm_sw_params")]
    public static partial int SetSoftwareParameters(PcmHandle pcm, nint parameters);

    [LibraryImport(Name, EntryPoint = "snd_pcm_prepare")]
    public static partial int Prepare(PcmHandle pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_start")]
    public static partial int Start(PcmHandle pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_drop")]
    public static partial int Drop(PcmHandle pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_drain")]
    public static partial int Drain(PcmHandle pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_resume")]
    public static partial int Resume(PcmHandle pcm);

    [LibraryImport(Name, EntryPoint = "snd_pcm_nonblock")]
    public static partial int SetNonBlocking(PcmHandle pcm, int value);

    [LibraryImport(Name, EntryPoint = "snd_pcm_wait")]
    public static partial int Wait(PcmHandle pcm, int milliseconds);

    [LibraryImport(Name, EntryPoint = "snd_pcm_delay")]
    public static partial int Delay(PcmHandle pcm, out nint frames);

    [LibraryImport(Name, EntryPoint = "snd_pcm_writei")]
    public static partial nint Write(PcmHandle pcm, short* samples, nuint frames);

    [LibraryImport(Name, EntryPoint = "snd_pcm_readi")]
    public static partial nint Read(PcmHandle pcm, short* samples, nuint frames);

    [LibraryImport(Name, EntryPoint = "snd_strerror")]
    public static partial nint ErrorText(int error);

    [LibraryImport(Name, EntryPoint = "snd_asoundlib_version")]
    public static partial nint Version();

    [LibraryImport(Name, EntryPoint = "snd_device_name_hint", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DeviceNameHint(int card, string kind, out nint hints);

    [LibraryImport(Name, EntryPoint = "snd_device_name_get_hint", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint GetHint(nint hint, string id);

    [LibraryImport(Name, EntryPoint = "snd_device_name_free_hint")]
    public static partial int FreeHints(nint hints);

    [LibraryImport("libc", EntryPoint = "free")]
    public static partial void Free(nint memory);

    /// <summary>Keeps the library from writing to standard error: what is wrong is told by results, in one line.</summary>
    public static void Silence()
    {
        if (Interlocked.Exchange(ref s_silenced, 1) == 0) SetErrorHandler(&Ignore);
    }

    // The handler is variadic in C. A callee that looks at no argument may leave them out on every Linux that .NET runs on.
    [LibraryImport(Name, EntryPoint = "snd_lib_error_set_handler")]
    private static partial int SetErrorHandler(delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, void> handler);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(nint file, int line, nint function, int error, nint format)
    {
    }
}

/// <summary>An open PCM of ALSA; closed when nobody uses it any more, even where a call is still in it.</summary>
internal sealed class PcmHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => LibAsound.Close(handle) >= 0;
}
