using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Denoises what one verb speaks, one signal after the other.</summary>
internal sealed class SpeechDenoiser
{
    private readonly DenoiserStream _stream;
    private float[] _samples = [];

    private SpeechDenoiser(DenoiserStream stream) => _stream = stream;

    /// <summary>The denoiser of a voice, or null where none is asked for.</summary>
    /// <exception cref="VocoderException">The voice has none.</exception>
    public static SpeechDenoiser? For(LoadedVoice voice, float? strength, Parallelism parallelism) =>
        StreamFor(voice, strength, parallelism) is { } stream ? new SpeechDenoiser(stream) : null;

    /// <inheritdoc cref="For"/>
    public static DenoiserStream? StreamFor(LoadedVoice voice, float? strength, Parallelism parallelism) =>
        strength is null or 0 ? null : Denoiser.Of(voice.Model, parallelism).NewStream(strength.Value);

    /// <summary>Begins a signal.</summary>
    public void Start() => _stream.Reset();

    /// <summary>Takes samples and gives those that are ready, until the next call.</summary>
    public ReadOnlyMemory<float> Next(ReadOnlySpan<float> samples)
    {
        Reserve(_stream.SamplesAfter(samples.Length));
        return _samples.AsMemory(0, _stream.Push(samples, _samples));
    }

    /// <summary>Gives the rest of the signal.</summary>
    public ReadOnlyMemory<float> End()
    {
        Reserve(DenoiserStream.LatencySamples);
        return _samples.AsMemory(0, _stream.Flush(_samples));
    }

    private void Reserve(int samples)
    {
        if (_samples.Length < samples) _samples = new float[samples];
    }
}
