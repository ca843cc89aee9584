using System.Diagnostics;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Streaming;

namespace FlowVocoder.Cli;

/// <summary>A session of the play verb: what is heard while frames come, after a mistake in them, and at Ctrl-C.</summary>
internal sealed class PlaySession(AudioPlayer player, VocoderStream stream, Terminal terminal)
{
    // The device's buffer is filled in steps of 46 ms at the usual rate, so that the first sound is early.
    private const int ChunkFrames = 4;

    private readonly LevelMeter? _meter = LevelMeter.On(terminal, player);
    private bool _writing;

    /// <summary><see cref="Stopwatch"/>'s time of the first samples; 0 where none came.</summary>
    public long First { get; private set; }

    /// <summary>Speaks frames to their end, until the last sample is heard.</summary>
    /// <exception cref="VocoderException">
    /// A frame is no frame: what came before it has been heard, but a file, which is made whole or not at all, is not kept. Or the player failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was interrupted, and silence followed at once.</exception>
    public void Speak(MelFrames frames)
    {
        try
        {
            // A voice that computes its look-ahead anew for each chunk needs chunks that are worth it.
            StreamedSpeech.Speak(frames, stream, Math.Max(ChunkFrames, stream.LookAheadFrames), Write, terminal.Cancellation);
        }
        catch (OperationCanceledException)
        {
            player.Stop();
            throw;
        }
        catch (VocoderException) when (!_writing && player is not WavPlayer)
        {
            player.Drain(terminal.Cancellation);
            throw;
        }
        finally
        {
            _meter?.Clear();
        }
        if (player.Written > 0) player.Drain(terminal.Cancellation);
    }

    private void Write(ReadOnlySpan<float> samples)
    {
        if (First == 0) First = Stopwatch.GetTimestamp();
        // Stays set where the player itself fails: then there is nobody who could play the rest.
        _writing = true;
        player.Write(samples, terminal.Cancellation);
        _writing = false;
        _meter?.Add(samples);
        _meter?.Draw($"{(double)player.Written / player.SampleRate:0.0} s");
    }
}
