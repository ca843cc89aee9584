using System.Diagnostics;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Streaming;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.Cli;

/// <summary>A session of the play verb, a chain of NAudio: frames → voice → denoiser, where there is one → meter → player.</summary>
internal sealed class PlaySession(AudioPlayer player, VocoderStream stream, Terminal terminal, DenoiserStream? denoiser = null)
{
    // The device's buffer is filled in steps of 46 ms at the usual rate, so that the first sound is early.
    private const int ChunkFrames = 4;

    private readonly LevelMeter? _meter = LevelMeter.On(terminal, player);

    /// <summary><see cref="Stopwatch"/>'s time of the first samples; 0 where none came.</summary>
    public long First { get; private set; }

    /// <summary>Speaks frames to their end, until the last sample is heard.</summary>
    /// <exception cref="VocoderException">
    /// A frame is no frame: what came before it has been heard, but a file, which is made whole or not at all, is not kept. Or the player failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was interrupted, and silence followed at once.</exception>
    public void Speak(MelFrames frames)
    {
        // A voice that computes its look-ahead anew for each chunk needs chunks that are worth it.
        var voice = new VocoderSampleProvider(frames, stream, Math.Max(ChunkFrames, stream.LookAheadFrames), terminal.Cancellation);
        ISampleProvider speech = denoiser == null ? voice : new DenoisingSampleProvider(voice, denoiser);
        var metered = new MeteringSampleProvider(speech, samplesPerNotification: stream.HopSize);
        metered.StreamVolume += (_, e) => Note(e.MaxSampleValues![0]);
        try
        {
            player.PlayToEnd(metered, terminal.Cancellation);
        }
        finally
        {
            _meter?.Clear();
        }
    }

    private void Note(float peak)
    {
        if (First == 0) First = Stopwatch.GetTimestamp();
        _meter?.Add(stream.HopSize, peak);
        _meter?.Draw($"{(double)player.Written / player.SampleRate:0.0} s");
    }
}
