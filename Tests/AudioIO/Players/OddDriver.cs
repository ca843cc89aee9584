using NAudio.Wave;

namespace FlowVocoder.Tests.AudioIO.Players;

/// <summary>A player of NAudio as drivers are: it reads from a thread of its own, in buffers of any size, and ends where a read gives nothing.</summary>
internal sealed class OddDriver : IWavePlayer, IWaveLatency
{
    private IWaveProvider? _source;
    private Thread? _thread;
    private volatile PlaybackState _state = PlaybackState.Stopped;

    public event EventHandler<StoppedEventArgs>? PlaybackStopped;

    /// <summary>All that was read, silence included. To be looked at when it is stopped.</summary>
    public List<float> Heard { get; } = [];

    /// <summary>Thrown by the next read of the driver.</summary>
    public Exception? Failure { get; set; }

    public TimeSpan AverageLatency => TimeSpan.FromMilliseconds(3);

    public TimeSpan CurrentLatency => AverageLatency;

    public float Volume { get; set; } = 1;

    public PlaybackState PlaybackState => _state;

    public WaveFormat OutputWaveFormat => _source!.WaveFormat;

    public void Init(IWaveProvider waveProvider) => _source = waveProvider;

    public void Play()
    {
        _state = PlaybackState.Playing;
        _thread = new Thread(Run);
        _thread.Start();
    }

    public void Pause() => throw new NotSupportedException();

    public void Stop()
    {
        _state = PlaybackState.Stopped;
        _thread?.Join();
    }

    public void Dispose() => Stop();

    private void Run()
    {
        var random = new Random(1);
        var buffer = new byte[4 * 500];
        Exception? reason = null;
        while (_state == PlaybackState.Playing && reason == null)
        {
            int wanted = 4 * random.Next(1, 500);
            int read = _source!.Read(buffer.AsSpan(0, wanted));
            for (int i = 0; i < read; i += 4) Heard.Add(BitConverter.ToSingle(buffer, i));
            reason = Failure;
            if (read == 0) break;
            Thread.Yield();
        }
        PlaybackStopped?.Invoke(this, new StoppedEventArgs(reason));
    }
}
