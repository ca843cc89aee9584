using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Code is compiled and weights are packed when they are first used, which takes some tenths of a second: better while nobody waits.</summary>
internal static class WarmUp
{
    private const int MaxLookAhead = 16;

    /// <summary>Speaks a few frames to nobody.</summary>
    /// <param name="voice">The voice.</param>
    /// <param name="stream">A new stream of it; at its start again afterwards.</param>
    public static void Run(LoadedVoice voice, VocoderStream stream)
    {
        // Models that are far from real time would keep everybody waiting.
        if (voice.Model.GeneratesStepByStep || voice.Model.LookAheadFrames > MaxLookAhead) return;
        var mel = new MelStream(voice.Model.Recipe);
        var frames = new float[2 * stream.Bands];
        var samples = new float[2 * stream.HopSize];
        for (int i = 0; i < 4 + stream.LookAheadFrames; i++)
            stream.Push(frames.AsSpan(0, mel.Push(new float[stream.HopSize], frames) * stream.Bands), samples);
        stream.Reset();
    }
}
