using NWaves.FeatureExtractors.Options;
using NWaves.Signals;
using NWaves.Utils;
using NWaves.Windows;

namespace FlowVocoder.Features;

/// <summary>
/// Where the types of NWaves meet the mels of this library: from a <see cref="DiscreteSignal"/>, and from the vectors of an NWaves extractor,
/// to what a voice speaks.
/// </summary>
public static class NWavesExtensions
{
    /// <summary>The mel spectrogram of a signal of NWaves.</summary>
    /// <param name="mel">Of the recipe to follow.</param>
    /// <param name="signal">Samples of −1 … 1 at the recipe's rate.</param>
    /// <returns>[Bands, FrameCount(signal.Length)] row-major.</returns>
    /// <exception cref="VocoderException">The signal has another rate or is too short for one frame.</exception>
    public static float[] Compute(this MelSpectrogram mel, DiscreteSignal signal)
    {
        ArgumentNullException.ThrowIfNull(mel);
        ArgumentNullException.ThrowIfNull(signal);
        if (signal.SamplingRate != mel.Recipe.SampleRate)
            throw new VocoderException($"signal of {signal.SamplingRate} Hz, expected {mel.Recipe.SampleRate} Hz for a '{mel.Recipe.Name}' mel");
        return mel.Compute(signal.Samples);
    }

    /// <summary>
    /// Options with which NWaves' <see cref="NWaves.FeatureExtractors.FilterbankExtractor"/> makes the bands of this recipe, without the logarithm
    /// (<see cref="FromFrames"/> takes it). The extractor neither pads (extend the signal with
    /// <see cref="Padding.Reflect(ReadOnlySpan{float}, int, Span{double})"/>) nor knows
    /// <see cref="MelRecipe.MagnitudeEpsilon"/>, and its Hann window is the symmetric one.
    /// </summary>
    /// <param name="recipe">A valid one.</param>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public static FilterbankOptions ToFilterbankOptions(this MelRecipe recipe) => new()
    {
        FilterBank = [.. new MelFilterBank(recipe).ToMatrix().Select(row => Array.ConvertAll(row, weight => (float)weight))],
        SamplingRate = recipe.SampleRate,
        FrameSize = recipe.WindowSize,
        HopSize = recipe.HopSize,
        FftSize = recipe.FftSize,
        Window = WindowType.Hann,
        SpectrumType = recipe.SpectrumPower == 2 ? SpectrumType.Power : SpectrumType.Magnitude,
        NonLinearity = NonLinearityType.None,
    };

    /// <summary>Turns the vectors of an NWaves extractor into a mel: band after band, with the recipe's floor, logarithm, scale and limits.</summary>
    /// <param name="recipe">Of the mel to make; the extractor's bank, window and hop have to be its own (see <see cref="ToFilterbankOptions"/>).</param>
    /// <param name="frames">One vector of <see cref="MelRecipe.Bands"/> values a frame.</param>
    /// <param name="nonLinearity">What the extractor has applied to its bands, which is undone first. The default value is none.</param>
    /// <returns>[Bands, frames] row-major.</returns>
    /// <exception cref="VocoderException">No frame, a frame of another number of bands, or a value that is not finite.</exception>
    public static float[] FromFrames(this MelRecipe recipe, IReadOnlyList<float[]> frames, NonLinearityType nonLinearity = NonLinearityType.None)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0) throw new VocoderException("found no feature vectors, expected at least one");
        float[] mel = new float[recipe.Bands * frames.Count];
        for (int f = 0; f < frames.Count; f++)
        {
            if (frames[f].Length != recipe.Bands)
                throw new VocoderException($"feature vector {f} has {frames[f].Length} values, expected the {recipe.Bands} bands of '{recipe.Name}'");
            for (int band = 0; band < recipe.Bands; band++)
            {
                if (!float.IsFinite(frames[f][band]))
                    throw new VocoderException($"feature vector {f} has {frames[f][band]} in band {band}, expected a finite number");
                mel[(band * frames.Count) + f] = (float)recipe.FromAmplitude(Amplitude(frames[f][band], nonLinearity));
            }
        }
        return mel;
    }

    private static double Amplitude(double value, NonLinearityType nonLinearity) => nonLinearity switch
    {
        NonLinearityType.LogE => Math.Exp(value),
        NonLinearityType.Log10 => Math.Pow(10, value),
        NonLinearityType.ToDecibel => Scale.FromDecibelPower(value),
        // NWaves takes the power 0.33 for the cubic root.
        NonLinearityType.CubicRoot => Math.Pow(value, 1 / 0.33),
        _ => value,
    };
}
