using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>
/// Removes what a WaveGlow says whatever its mel: the tones at multiples of an eighth of the sample rate that its groups of samples leave, and their hiss. The
/// spectrum of its speech of a zero mel with σ = 0, the bias, is subtracted from the magnitudes of what it speaks: denoiser.py of
/// https://github.com/NVIDIA/waveglow, but for the bias, which there is that of the first frame, half of it a mirror image, and here the mean of all frames
/// within. Immutable; instances may be shared.
/// </summary>
public sealed class Denoiser
{
    /// <summary>Samples of the transform, and from one to the next.</summary>
    internal const int Size = 1024, Hop = 256;

    /// <summary>The strength of NVIDIA's denoiser where none is given. Its scripts use 0.01 to 0.1; 1 takes away the whole bias.</summary>
    public const float UsualStrength = 0.1f;

    private const int ZeroFrames = 88, OuterFrames = 8;

    private readonly double[] _bias;

    /// <summary>Takes the bias from a recording of it.</summary>
    /// <param name="bias">What is to be removed, alone; at least 1024 samples.</param>
    /// <exception cref="VocoderException">It is shorter.</exception>
    public Denoiser(ReadOnlySpan<float> bias)
    {
        if (bias.Length < Size) throw new VocoderException($"the bias to remove has {bias.Length} samples, expected at least {Size}");
        var frames = new DenoisingFrame();
        _bias = new double[(Size / 2) + 1];
        int count = 1 + ((bias.Length - Size) / Hop);
        for (int f = 0; f < count; f++) frames.AddMagnitudes(bias.Slice(f * Hop, Size), _bias, 1.0 / count);
    }

    /// <summary>The denoiser of a voice. It speaks one second for this.</summary>
    /// <param name="model">A WaveGlow.</param>
    /// <param name="parallelism">Threads.</param>
    /// <exception cref="VocoderException">The voice is of another kind: what it says of a zero mel is no bias but loud speech.</exception>
    public static Denoiser Of(VocoderModel model, Parallelism parallelism)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model is not WaveGlow) throw new VocoderException($"a voice of kind '{model.Kind}' has no bias that a denoiser knows, expected a WaveGlow");
        float[] speech = Synthesizer.Synthesize(model, new float[ZeroFrames * model.Recipe.Bands], new SynthesisOptions { Sigma = 0, Match = 0 }, parallelism);
        int edge = Math.Min(OuterFrames * model.Recipe.HopSize, Math.Max(0, (speech.Length - Size) / 2));
        return new Denoiser(speech.AsSpan(edge, speech.Length - (2 * edge)));
    }

    /// <summary>The magnitude of the bias in each of 513 bins.</summary>
    internal ReadOnlySpan<double> Bias => _bias;

    /// <summary>Denoises a whole signal.</summary>
    /// <param name="audio">Samples.</param>
    /// <param name="strength">How much of the bias is subtracted, 0 or more.</param>
    /// <returns>As many samples.</returns>
    public float[] Apply(ReadOnlySpan<float> audio, float strength = UsualStrength)
    {
        DenoiserStream stream = NewStream(strength);
        float[] result = new float[audio.Length];
        int done = stream.Push(audio, result);
        stream.Flush(result.AsSpan(done));
        return result;
    }

    /// <summary>The same for samples that are still coming.</summary>
    /// <param name="strength">How much of the bias is subtracted, 0 or more.</param>
    /// <exception cref="VocoderException">The strength is out of range.</exception>
    public DenoiserStream NewStream(float strength = UsualStrength) => new(this, strength);
}
