using System.Globalization;
using System.Text.Json.Serialization;

namespace FlowVocoder.Features;

/// <summary>
/// How a mel spectrogram is made, as data: a voice carries the recipe of the mels it speaks from. With x the samples,
/// <c>mel = clip(OutputScale · log(max(Floor, bank · sqrt(max(|STFT(x)|², PowerFloor) + MagnitudeEpsilon)^SpectrumPower)) + OutputOffset)</c>
/// with a Hann window; some toolkits prepare the recording first (<see cref="PreparesRecording"/>). <see cref="Presets"/> holds those of the common toolkits;
/// vary one with <c>with { … }</c>. Compares by value.
/// </summary>
public sealed partial record MelRecipe
{
    /// <summary>Short name, as used by <see cref="ByName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>One line naming the toolkits that use it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Samples per second.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Samples of a transformed frame, an even number; a voice needs a power of two.</summary>
    public required int FftSize { get; init; }

    /// <summary>Samples of the window, centred in the frame, 1 … FftSize.</summary>
    public required int WindowSize { get; init; }

    /// <summary>The shape of the window. The default value is the periodic Hann window.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public MelWindow Window { get; init; }

    /// <summary>Samples from one frame to the next.</summary>
    public required int HopSize { get; init; }

    /// <summary>Mel bands.</summary>
    public required int Bands { get; init; }

    /// <summary>Lower edge of the first band, Hz.</summary>
    public required double MinFrequency { get; init; }

    /// <summary>Upper edge of the last band, Hz, at most half the sample rate.</summary>
    public required double MaxFrequency { get; init; }

    /// <summary>How hertz become mels.</summary>
    public required MelScale MelScale { get; init; }

    /// <summary>How the bands are scaled.</summary>
    public required MelNorm MelNorm { get; init; }

    /// <summary>Where the frames lie.</summary>
    public required MelCentering Centering { get; init; }

    /// <summary>What lies beyond the ends of a recording. The default value is its mirror image.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public MelPadding Padding { get; init; }

    /// <summary>Cutoff in Hz of the high-pass that a recording goes through first (<see cref="MelPreparation"/>), 0 for none. The default value is 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double HighPass { get; init; }

    /// <summary>Pre-emphasis k, y_t = x_t − k·x_(t−1), of a recording, behind the high-pass; 0 for none. The default value is 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double PreEmphasis { get; init; }

    /// <summary>The peak to which a recording is scaled, behind the pre-emphasis; 0 where its level is left alone. The default value is 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double PeakLevel { get; init; }

    /// <summary>
    /// Whether the toolkit writes [frames, bands] and not [bands, frames], which decides where a file has as many of both. The default value is false.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool FramesFirst { get; init; }

    /// <summary>1 for a magnitude spectrum, 2 for a power spectrum.</summary>
    public required int SpectrumPower { get; init; }

    /// <summary>Smaller powers of the spectrum are raised to this, before the square root (1e-10 in ESPnet 2). The default value is 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double PowerFloor { get; init; }

    /// <summary>Added under the square root of the magnitude (1e-9 in HiFi-GAN). The default value is 0.</summary>
    public double MagnitudeEpsilon { get; init; }

    /// <summary>The compression.</summary>
    public required MelLogarithm Logarithm { get; init; }

    /// <summary>Smaller mel amplitudes are raised to this before the logarithm.</summary>
    public required double Floor { get; init; }

    /// <summary>Factor after the logarithm. The default value is 1.</summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>Added after <see cref="OutputScale"/>. The default value is 0.</summary>
    public double OutputOffset { get; init; }

    /// <summary>Lowest value of the result, or null for no such limit. The default value is null.</summary>
    public double? OutputMin { get; init; }

    /// <summary>Highest value of the result, or null for no such limit. The default value is null.</summary>
    public double? OutputMax { get; init; }

    /// <summary>Whether a recording is filtered or scaled before its mel is made (<see cref="MelPreparation"/>).</summary>
    public bool PreparesRecording => HighPass > 0 || PreEmphasis > 0 || PeakLevel > 0;

    /// <summary>The lowest value a mel of this recipe takes: that of the floor (−11.51 for ln 1e-5).</summary>
    public double LowestValue => FromAmplitude(0);

    /// <summary>Nats of amplitude, or of power where the recipe's mels are of power, in a unit of its values.</summary>
    internal double NatsPerUnit => (Logarithm switch
    {
        MelLogarithm.Natural => 1,
        MelLogarithm.Log10 => Math.Log(10),
        _ => Math.Log(10) / 20,
    }) / Math.Abs(OutputScale);

    /// <summary>The mel value of an amplitude behind the filter bank: floor, logarithm, scale, offset and limits.</summary>
    /// <param name="amplitude">Amplitude, ≥ 0.</param>
    public double FromAmplitude(double amplitude)
    {
        double raised = Math.Max(amplitude, Floor);
        double log = Logarithm switch
        {
            MelLogarithm.Natural => Math.Log(raised),
            MelLogarithm.Log10 => Math.Log10(raised),
            _ => 20 * Math.Log10(raised),
        };
        double value = (OutputScale * log) + OutputOffset;
        if (value < OutputMin) value = OutputMin.Value;
        return value > OutputMax ? OutputMax.Value : value;
    }

    /// <summary>Undoes <see cref="FromAmplitude"/>, as far as floor and limits left something: the amplitude of a mel value.</summary>
    /// <param name="value">A mel value.</param>
    public double ToAmplitude(double value)
    {
        double log = (value - OutputOffset) / OutputScale;
        return Logarithm switch
        {
            MelLogarithm.Natural => Math.Exp(log),
            MelLogarithm.Log10 => Math.Pow(10, log),
            _ => Math.Pow(10, log / 20),
        };
    }

    /// <summary>
    /// Turns a mel of another recipe into one of this recipe. Exact, apart from what the other's floor and limits took,
    /// when both differ only behind the filter bank (logarithm, floor, scale, offset, limits).
    /// </summary>
    /// <param name="mel">Values in any layout; converted in place.</param>
    /// <param name="source">The recipe the values were made with.</param>
    /// <exception cref="VocoderException">The recipes differ before the logarithm, so that no exact conversion exists.</exception>
    public void ConvertFrom(MelRecipe source, Span<float> mel)
    {
        ArgumentNullException.ThrowIfNull(source);
        MelRecipe likeThis = source with
        {
            Logarithm = Logarithm, Floor = Floor, OutputScale = OutputScale, OutputOffset = OutputOffset, OutputMin = OutputMin, OutputMax = OutputMax,
        };
        if (Mismatch(likeThis) is string reason)
            throw new VocoderException($"a '{source.Name}' mel cannot be converted to '{Name}': {reason}");
        foreach (ref float value in mel) value = (float)FromAmplitude(source.ToAmplitude(value));
    }

    /// <summary>
    /// Compares what a mel was made with to this recipe. Name and description do not count.
    /// </summary>
    /// <param name="found">The recipe of a mel.</param>
    /// <returns>Null when mels of both mean the same, else the differences in one line, such as "sample rate 24000 Hz, the voice expects 22050 Hz".</returns>
    public string? Mismatch(MelRecipe found)
    {
        ArgumentNullException.ThrowIfNull(found);
        (string What, object? Found, object? Expected, string Unit)[] parts =
        [
            ("sample rate", found.SampleRate, SampleRate, " Hz"),
            ("hop", found.HopSize, HopSize, " samples"),
            ("bands", found.Bands, Bands, ""),
            ("lowest frequency", found.MinFrequency, MinFrequency, " Hz"),
            ("highest frequency", found.MaxFrequency, MaxFrequency, " Hz"),
            ("mel scale", found.MelScale, MelScale, ""),
            ("mel norm", found.MelNorm, MelNorm, ""),
            ("FFT", found.FftSize, FftSize, " samples"),
            ("window", found.WindowSize, WindowSize, " samples"),
            ("window shape", found.Window, Window, ""),
            ("centring", found.Centering, Centering, ""),
            ("padding", found.Padding, Padding, ""),
            ("high-pass", found.HighPass, HighPass, " Hz"),
            ("pre-emphasis", found.PreEmphasis, PreEmphasis, ""),
            ("peak level", found.PeakLevel, PeakLevel, ""),
            ("frames first", found.FramesFirst, FramesFirst, ""),
            ("power floor", found.PowerFloor, PowerFloor, ""),
            ("spectrum power", found.SpectrumPower, SpectrumPower, ""),
            ("magnitude epsilon", found.MagnitudeEpsilon, MagnitudeEpsilon, ""),
            ("logarithm", found.Logarithm, Logarithm, ""),
            ("floor", found.Floor, Floor, ""),
            ("output scale", found.OutputScale, OutputScale, ""),
            ("output offset", found.OutputOffset, OutputOffset, ""),
            ("output minimum", found.OutputMin, OutputMin, ""),
            ("output maximum", found.OutputMax, OutputMax, ""),
        ];
        IEnumerable<string> differences = parts.Where(p => !Equals(p.Found, p.Expected)).Select(p => string.Create(
            CultureInfo.InvariantCulture, $"{p.What} {p.Found ?? "none"}{p.Unit}, the voice expects {p.Expected ?? "none"}{p.Unit}"));
        string reason = string.Join("; ", differences);
        return reason.Length == 0 ? null : reason;
    }
}
