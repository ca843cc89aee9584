using System.Runtime.InteropServices;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Inputs;

// The face that NAudio's users know: an input hands out what it records.
public abstract partial class AudioInput
{
    private readonly WaveFormat _format;
    private CancellationTokenSource? _recording;

    /// <summary>Raised on a thread of this input with each hundredth of a second, as floats; the bytes are valid until the handler returns.</summary>
    public event EventHandler<WaveInEventArgs>? DataAvailable;

    /// <summary>Raised on that thread at the end of the input, after <see cref="StopRecording"/>, or with what went wrong.</summary>
    public event EventHandler<StoppedEventArgs>? RecordingStopped;

    /// <summary>Mono floats at <see cref="SampleRate"/>, which cannot be changed: <see cref="ResamplerStream"/> converts.</summary>
    /// <exception cref="VocoderException">Another format is wanted.</exception>
    public WaveFormat WaveFormat
    {
        get => _format;
        set
        {
            if (!_format.Equals(value)) throw new VocoderException($"cannot record from {Name} as {value}, expected {_format}");
        }
    }

    /// <summary>Begins to hand out the sound; nobody else may <see cref="Read"/> meanwhile.</summary>
    /// <exception cref="InvalidOperationException">It is being recorded already.</exception>
    public void StartRecording()
    {
        var recording = new CancellationTokenSource();
        if (Interlocked.CompareExchange(ref _recording, recording, null) != null)
            throw new InvalidOperationException($"{Name} is being recorded, expected one recording at a time");
        new Thread(() => HandOut(recording)) { IsBackground = true, Name = "FlowVocoder input" }.Start();
    }

    /// <summary>Ends the recording; <see cref="RecordingStopped"/> tells when it has ended.</summary>
    public void StopRecording() => Volatile.Read(ref _recording)?.Cancel();

    private void HandOut(CancellationTokenSource recording)
    {
        var samples = new float[Math.Max(1, SampleRate / 100)];
        var bytes = new byte[samples.Length * sizeof(float)];
        Exception? reason = null;
        try
        {
            while (!recording.IsCancellationRequested && Read(samples, recording.Token) is > 0 and var count)
            {
                MemoryMarshal.AsBytes(samples.AsSpan(0, count)).CopyTo(bytes);
                DataAvailable?.Invoke(this, new WaveInEventArgs(bytes, count * sizeof(float)));
            }
        }
        catch (Exception e)
        {
            reason = e is OperationCanceledException ? null : e;
        }
        Volatile.Write(ref _recording, null);
        RecordingStopped?.Invoke(this, new StoppedEventArgs(reason));
    }
}
