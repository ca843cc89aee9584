using System.Runtime.ExceptionServices;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Players;

// The face that NAudio's users know: a player reads a chain.
public abstract partial class AudioPlayer
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly ManualResetEventSlim _mayPlay = new(true);
    private ISampleProvider? _source;
    private Thread? _reader;
    private volatile PlaybackState _state = PlaybackState.Stopped;

    /// <summary>Raised on the thread that reads, when the last sample was heard, after <see cref="Stop"/>, or with what went wrong.</summary>
    public event EventHandler<StoppedEventArgs>? PlaybackStopped;

    /// <summary>Mono floats at <see cref="SampleRate"/>.</summary>
    public WaveFormat OutputWaveFormat { get; }

    /// <summary>Whether a source is being read.</summary>
    public PlaybackState PlaybackState => _state;

    /// <summary>Whether what came before a mistake in the source is still played to its end; a file is whole or not at all.</summary>
    protected virtual bool KeepsParts => true;

    /// <summary>Bytes of the source that have been heard.</summary>
    public long GetPosition() => (Written - BufferedSamples) * OutputWaveFormat.BlockAlign;

    /// <summary>Connects what is to be played.</summary>
    /// <param name="waveProvider">Mono, at <see cref="SampleRate"/>; NAudio's <c>ToMono</c> mixes channels.</param>
    /// <exception cref="VocoderException">It has another rate or more channels.</exception>
    /// <exception cref="InvalidOperationException">Another source is being played.</exception>
    public void Init(IWaveProvider waveProvider)
    {
        ArgumentNullException.ThrowIfNull(waveProvider);
        if (_state != PlaybackState.Stopped) throw new InvalidOperationException($"{Name} is playing, expected it to be stopped");
        WaveFormat found = waveProvider.WaveFormat;
        if (found.Channels != 1 || found.SampleRate != SampleRate)
        {
            throw new VocoderException($"cannot play on {Name}: the source has {found.SampleRate} Hz and {found.Channels} channels, "
                + $"expected {SampleRate} Hz and 1 channel");
        }
        _source = waveProvider.ToSampleProvider();
    }

    /// <summary>Begins to read and play the source, or goes on after a pause; returns at once.</summary>
    /// <exception cref="InvalidOperationException">There is no source yet.</exception>
    public void Play()
    {
        ISampleProvider source = _source ?? throw new InvalidOperationException($"{Name} has nothing to play, expected a call of Init");
        bool idle = _state == PlaybackState.Stopped;
        _state = PlaybackState.Playing;
        _mayPlay.Set();
        if (!idle) return;
        long stops = Stops;
        _reader = new Thread(() => Run(source, stops)) { IsBackground = true, Name = "FlowVocoder player" };
        _reader.Start();
    }

    /// <summary>Reads no further. What the player holds already is still heard.</summary>
    public void Pause()
    {
        if (_state != PlaybackState.Playing) return;
        _state = PlaybackState.Paused;
        _mayPlay.Reset();
    }

    /// <summary>
    /// Reads a source on this thread and returns when its last sample was heard. Where the source fails, what came before is heard first (but leaves no file);
    /// where it is cancelled, silence follows at once.
    /// </summary>
    /// <param name="source">Mono, at <see cref="SampleRate"/>. Read by the twentieth of a second: a sound server may lose the start of what it is given in
    /// smaller pieces.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="VocoderException">The source or the player has failed, or the source does not fit.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void PlayToEnd(ISampleProvider source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        Init(source.ToWaveProvider());
        try
        {
            Read(source, Stops, cancellation);
        }
        catch (OperationCanceledException)
        {
            Stop();
            throw;
        }
    }

    private void Run(ISampleProvider source, long stops)
    {
        Exception? reason = null;
        try
        {
            Read(source, stops, CancellationToken.None);
        }
        catch (Exception e)
        {
            reason = e;
        }
        _state = PlaybackState.Stopped;
        PlaybackStopped?.Invoke(this, new StoppedEventArgs(reason));
    }

    private void Read(ISampleProvider source, long stops, CancellationToken cancellation)
    {
        var block = new float[Math.Max(1, SampleRate / 20)];
        ExceptionDispatchInfo? mistake = null;
        while (Stops == stops)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_mayPlay.IsSet) Rest(cancellation);
            int count = Next(source, block, ref mistake);
            if (count == 0) break;
            Write(block.AsSpan(0, count), stops, cancellation);
        }
        if (Stops == stops && Written > 0 && (mistake == null || KeepsParts)) Drain(cancellation);
        mistake?.Throw();
    }

    private static int Next(ISampleProvider source, float[] block, ref ExceptionDispatchInfo? mistake)
    {
        try
        {
            return source.Read(block);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            mistake = ExceptionDispatchInfo.Capture(e);
            return 0;
        }
    }

    // Played to the end, so that the pause is no underrun.
    private void Rest(CancellationToken cancellation)
    {
        if (Written > 0) Drain(cancellation);
        _mayPlay.Wait(cancellation);
    }

    // A source that waits for something is not waited for: its thread ends with its read.
    private void EndPlayback()
    {
        _mayPlay.Set();
        if (_reader is { } reader && reader != Thread.CurrentThread) reader.Join(s_patience);
    }
}
