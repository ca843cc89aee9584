using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Native;

/// <summary>fv_options of the header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOptions
{
    public uint Size;
    public float Sigma;
    public float PitchShift;
    public int Match;
    public int Threads;
    public float Denoise;
    public ulong Seed;

    private const int MatchAuto = -1, ThreadsAuto = 0;

    /// <summary>What suits a voice.</summary>
    public static NativeOptions For(LoadedVoice voice) => new()
    {
        Size = (uint)sizeof(NativeOptions), Sigma = voice.Sigma, Match = MatchAuto, Threads = ThreadsAuto,
    };

    /// <summary>The options that C gives, or what suits the voice where it gives none.</summary>
    /// <exception cref="ArgumentException">They were not initialised, or are of another version.</exception>
    public static NativeOptions Read(NativeOptions* options, LoadedVoice voice)
    {
        if (options == null) return For(voice);
        if (options->Size != sizeof(NativeOptions))
            throw new ArgumentException($"options of size {options->Size}, expected {sizeof(NativeOptions)}: fill them by fv_options_init");
        if (options->Match < MatchAuto)
            throw new VocoderException($"match is {options->Match} passes, expected 0 to {SynthesisOptions.MaxMatch}, or -1 for what suits");
        if (options->Threads < 0) throw new VocoderException($"threads is {options->Threads}, expected 1 or more, or 0 for what suits");
        return *options;
    }

    public readonly SynthesisOptions Synthesis => new() { Sigma = Sigma, PitchShift = PitchShift, Seed = Seed, Match = Match == MatchAuto ? null : Match };

    public readonly Parallelism ForWholeMel => new(Threads);

    public readonly Parallelism ForStream => new(Threads == ThreadsAuto ? 1 : Threads);
}
