using System.Runtime.Versioning;
using FlowVocoder.AudioIO.Inputs;
using NAudio.CoreAudioApi;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Wasapi;

/// <summary>Records on Windows through WASAPI in shared mode, event driven: a microphone, or what a device plays (loopback).</summary>
[SupportedOSPlatform("windows")]
public static class WasapiRecording
{
    private const int BufferMilliseconds = 50;

    /// <summary>Opens a microphone.</summary>
    /// <param name="sampleRate">Samples per second; Windows converts.</param>
    /// <param name="device">Its name as Windows shows it, or a part of that; null for the default device, also when another becomes that meanwhile.</param>
    /// <exception cref="VocoderException">There is no such device, or it cannot be used.</exception>
    public static BufferedInput Open(int sampleRate, string? device = null) => Open(sampleRate, device, loopback: false);

    /// <summary>Records what a device plays, silence left out.</summary>
    /// <param name="sampleRate">Samples per second; Windows converts.</param>
    /// <param name="device">Its name as Windows shows it, or a part of that; null for the device that is the default one now.</param>
    /// <exception cref="VocoderException">There is no such device, or it cannot be used.</exception>
    public static BufferedInput OpenLoopback(int sampleRate, string? device = null) => Open(sampleRate, device, loopback: true);

    private static BufferedInput Open(int sampleRate, string? device, bool loopback)
    {
        string name = (loopback ? "what is played on " : "") + (device == null ? "the default device" : $"'{device}'");
        try
        {
            return new BufferedInput(new Recorder(Build(sampleRate, device, loopback)), name);
        }
        catch (Exception e) when (WasapiDevices.IsDeviceError(e))
        {
            throw WasapiDevices.Unusable($"record from {name}", e);
        }
    }

    private static WasapiRecorder Build(int sampleRate, string? device, bool loopback)
    {
        WasapiRecorderBuilder builder = New(sampleRate, loopback);
        if (device != null) return builder.WithDevice(WasapiDevices.Find(device, loopback ? DataFlow.Render : DataFlow.Capture)).Build();
        WasapiRecorder? following = loopback ? null : WasapiDevices.Following(() => builder.WithDefaultDeviceStreamRouting().BuildAsync());
        return following ?? New(sampleRate, loopback).Build();
    }

    private static WasapiRecorderBuilder New(int sampleRate, bool loopback)
    {
        WasapiRecorderBuilder builder = new WasapiRecorderBuilder().WithSharedMode().WithEventSync().WithBufferLength(BufferMilliseconds)
            .WithFormat(WaveFormat.CreateIeeeFloatWaveFormat(sampleRate, 1)).WithMmcssThreadPriority();
        return loopback ? builder.WithLoopbackCapture() : builder;
    }

    // NAudio's new recorder hands out spans of the device's own memory and so is no IWaveIn.
    private sealed class Recorder : IWaveIn, IWaveLatency
    {
        private readonly WasapiRecorder _recorder;
        private byte[] _bytes = [];

        public Recorder(WasapiRecorder recorder)
        {
            _recorder = recorder;
            recorder.DataAvailable += (bytes, _, _, _) =>
            {
                if (_bytes.Length < bytes.Length) _bytes = new byte[bytes.Length];
                bytes.CopyTo(_bytes);
                DataAvailable?.Invoke(this, new WaveInEventArgs(_bytes, bytes.Length));
            };
            recorder.RecordingStopped += (_, e) => RecordingStopped?.Invoke(this, e);
        }

        public event EventHandler<WaveInEventArgs>? DataAvailable;

        public event EventHandler<StoppedEventArgs>? RecordingStopped;

        public WaveFormat WaveFormat
        {
            get => _recorder.WaveFormat;
            set => throw new NotSupportedException();
        }

        public TimeSpan AverageLatency => _recorder.AverageLatency;

        public TimeSpan CurrentLatency => _recorder.CurrentLatency;

        public void StartRecording() => _recorder.StartRecording();

        public void StopRecording() => _recorder.StopRecording();

        public void Dispose() => _recorder.Dispose();
    }
}
