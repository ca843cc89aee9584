using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Losses;

/// <summary>Magnitude spectra of speech with window, transform length and hop of a recipe, of all windows that lie in the signal.</summary>
internal sealed class SpeechSpectrum
{
    // As HiFi-GAN's mels have it: a gradient of the root exists everywhere.
    private const float PowerFloor = 1e-9f;
    private readonly Tensor _window;
    private readonly int _hop;

    public SpeechSpectrum(MelRecipe recipe)
    {
        (_hop, Bins, Size) = (recipe.HopSize, recipe.FftSize / 2 + 1, recipe.FftSize);
        _window = Features.Windows.Frame(recipe);
    }

    /// <summary>Bins of a spectrum.</summary>
    public int Bins { get; }

    /// <summary>Samples of a transform.</summary>
    public int Size { get; }

    /// <summary>Windows that lie in a signal.</summary>
    public int Windows(int samples) => (samples - Size) / _hop + 1;

    /// <summary>Sample in the middle of a window.</summary>
    public int Centre(int window) => window * _hop + Size / 2;

    /// <summary>Magnitudes [b, bins, windows] of speech [b, 1, samples].</summary>
    public Tensor Magnitude(Ops ops, Tensor speech) => ops.Magnitude(ops.Stft(speech, _window, _hop), PowerFloor);
}
