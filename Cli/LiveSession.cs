using System.Numerics.Tensors;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Live;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>A session of the live verb: runs the pipeline, listens for typed voices, shows and sums up the delay.</summary>
internal sealed class LiveSession
{
    private readonly AudioInput _input;
    private readonly AudioPlayer _player;
    private readonly LiveVoices _voices;
    private readonly Terminal _terminal;
    private readonly LivePipeline _pipeline;
    private readonly LevelMeter? _meter;
    private readonly List<double> _latencies = [];
    private LoadedVoice? _wanted;
    private volatile bool _quit;

    public LiveSession(AudioInput input, AudioPlayer player, LiveVoices voices, Terminal terminal)
    {
        (_input, _player, _voices, _terminal) = (input, player, voices, terminal);
        _meter = LevelMeter.On(terminal, player);
        _pipeline = new LivePipeline(input, player, voices.Current.Model.Recipe, voices.Open())
        {
            Written = samples => _meter?.Add(samples.Length, Math.Abs(TensorPrimitives.MaxMagnitude(samples))),
        };
    }

    /// <summary>Runs until the input, the time or the user's patience ends; the exit code.</summary>
    public int Run(TimeSpan most)
    {
        _terminal.Say($"live: from {_input.Name} ({_input.SampleRate} Hz) to {_player.Name}, voices {_voices.List}{(MayListen ? "; type a number or a name to change the voice, q to end" : "")}");
        // Reading what is typed cannot be interrupted; the thread ends with the process.
        if (MayListen) new Thread(Listen) { IsBackground = true, Name = "FlowVocoder live input" }.Start();
        try
        {
            while (!_quit && (double)_input.Captured / _input.SampleRate < most.TotalSeconds && _pipeline.Step(_terminal.Cancellation))
            {
                if (Interlocked.Exchange(ref _wanted, null) is { } voice) Change(voice);
                Measure();
            }
            _pipeline.Finish(_terminal.Cancellation);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how most sessions end: a recording of it is kept, a loudspeaker falls silent.
            _player.Stop();
            _player.Drain(CancellationToken.None);
            Sum();
            throw;
        }
        finally
        {
            _meter?.Clear();
        }
        Sum();
        return VocoderCommand.Success;
    }

    // A program in the background would be stopped as a whole when it read what is typed.
    private bool MayListen => !_terminal.InputIsClosed && (!_terminal.TypedInput || _terminal.MayReadTyped());

    private void Change(LoadedVoice voice)
    {
        if (voice == _voices.Current) return;
        _voices.Select(voice);
        _pipeline.Switch(_voices.Open(), _terminal.Cancellation);
        _meter?.Clear();
        _terminal.Say($"live: {_voices.NameOf(voice)} speaks from {(double)_player.Written / _player.SampleRate:0.00} s on");
    }

    private void Measure()
    {
        if (_player.Written == 0) return;
        double latency = _pipeline.EndToEndLatency.TotalMilliseconds;
        _latencies.Add(latency);
        _meter?.Draw($"latency {latency:0} ms  {_voices.NameOf(_voices.Current)}");
    }

    private void Listen()
    {
        try
        {
            using var reader = new StreamReader(_terminal.Input());
            while (!_quit && reader.ReadLine() is { } line)
            {
                string typed = line.Trim();
                if (typed is "q" or "Q") _quit = true;
                else if (typed.Length > 0) Interlocked.Exchange(ref _wanted, Find(typed));
            }
        }
        catch (IOException)
        {
            // Nobody can type any more; the session goes on.
        }
    }

    private LoadedVoice? Find(string typed)
    {
        try
        {
            return _voices.Find(typed);
        }
        catch (VocoderException e)
        {
            _terminal.Warn($"vocoder: {e.Message}");
            return null;
        }
    }

    private void Sum()
    {
        _meter?.Clear();
        _latencies.Sort();
        double seconds = (double)_player.Written / _player.SampleRate;
        if (_latencies.Count == 0) _terminal.Say($"live: {seconds:0.00} s");
        else
        {
            _terminal.Say($"live: {seconds:0.00} s, from input to ear {_latencies[_latencies.Count / 2]:0} ms ({_latencies[0]:0} to {_latencies[^1]:0}), of which up to {_pipeline.AlgorithmicLatency.TotalMilliseconds:0} ms are windows and look-ahead; underruns {_player.Underruns}, overruns {_input.Overruns}, skipped {_pipeline.Skipped.TotalMilliseconds:0} ms{Speaker.Limited(_player.Limited)}");
        }
    }
}
