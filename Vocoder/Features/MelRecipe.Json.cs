using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace FlowVocoder.Features;

// An unknown key might change the meaning of the rest, so it is refused and not skipped.
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed partial record MelRecipe
{
    /// <summary>The recipe as a JSON object with camel-case keys and named enum values.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MelRecipeJsonContext.Default.MelRecipe);

    /// <summary>Reads what <see cref="ToJson"/> wrote, and validates it.</summary>
    /// <exception cref="VocoderException">Not such an object, a missing or unknown key, or a value out of range.</exception>
    public static MelRecipe FromJson(string json)
    {
        JsonTypeInfo<MelRecipe> type = MelRecipeJsonContext.Default.MelRecipe;
        MelRecipe? recipe;
        try
        {
            recipe = JsonSerializer.Deserialize(JsonDefaults.Fill(json, Unset(), type), type);
        }
        catch (Exception e) when (JsonFault.Is(e))
        {
            throw new VocoderException($"mel recipe cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        if (recipe is null) throw new VocoderException("mel recipe cannot be read: found null, expected an object");
        recipe.Validate();
        return recipe;
    }

    // What members are that a text need not have; those that it must have stand for nothing.
    private static MelRecipe Unset() => new()
    {
        Name = "", SampleRate = 0, FftSize = 0, WindowSize = 0, HopSize = 0, Bands = 0, MinFrequency = 0, MaxFrequency = 0, MelScale = default,
        MelNorm = default,
        Centering = default, SpectrumPower = 0, Logarithm = default, Floor = 0,
    };

    /// <summary>Checks that a mel can be made by this recipe.</summary>
    /// <exception cref="VocoderException">A value is out of range; the message names it and the range.</exception>
    public void Validate()
    {
        Check(SampleRate is >= 1000 and <= 768000, "sample rate", SampleRate, "1000 to 768000 Hz");
        Check(FftSize is >= 2 and <= 1 << 20 && FftSize % 2 == 0, "FFT size", FftSize, "an even number up to 1048576");
        Check(WindowSize >= 1 && WindowSize <= FftSize, "window size", WindowSize, $"1 to the FFT size {FftSize}");
        Check(Enum.IsDefined(Window), "window shape", (int)Window, "HannPeriodic or HannSymmetric");
        Check(HopSize >= 1 && HopSize <= FftSize, "hop size", HopSize, $"1 to the FFT size {FftSize}");
        Check(Bands >= 1 && Bands <= FftSize, "bands", Bands, $"1 to the FFT size {FftSize}");
        Check(MaxFrequency > 0 && MaxFrequency <= SampleRate / 2.0, "highest frequency", MaxFrequency, $"up to half the sample rate, {SampleRate / 2} Hz");
        Check(MinFrequency >= 0 && MinFrequency < MaxFrequency, "lowest frequency", MinFrequency, "at least 0 Hz and below the highest");
        Check(Enum.IsDefined(MelScale), "mel scale", (int)MelScale, "Slaney or Htk");
        Check(Enum.IsDefined(MelNorm), "mel norm", (int)MelNorm, "Slaney or None");
        Check(Enum.IsDefined(Centering), "centring", (int)Centering, "Centered or HopCentered");
        Check(Enum.IsDefined(Padding), "padding", (int)Padding, "Reflect or Zeros");
        Check(HighPass >= 0 && HighPass < SampleRate / 2.0, "high-pass", HighPass, "0 or a frequency below half the sample rate");
        Check(PreEmphasis is >= 0 and < 1, "pre-emphasis", PreEmphasis, "0 up to less than 1");
        Check(PeakLevel is >= 0 and <= 1, "peak level", PeakLevel, "0 to 1");
        Check(Enum.IsDefined(Logarithm), "logarithm", (int)Logarithm, "Natural, Log10 or Decibel");
        Check(SpectrumPower is 1 or 2, "spectrum power", SpectrumPower, "1 or 2");
        Check(double.IsFinite(MagnitudeEpsilon) && MagnitudeEpsilon >= 0, "magnitude epsilon", MagnitudeEpsilon, "0 or more");
        Check(double.IsFinite(PowerFloor) && PowerFloor >= 0, "power floor", PowerFloor, "0 or more");
        Check(double.IsFinite(Floor) && Floor > 0, "floor", Floor, "more than 0");
        Check(double.IsFinite(OutputScale) && OutputScale > 0, "output scale", OutputScale, "more than 0");
        Check(double.IsFinite(OutputOffset), "output offset", OutputOffset, "a finite number");
        Check(!(OutputMin >= OutputMax), "output minimum", OutputMin ?? 0, "less than the output maximum");
    }

    /// <summary>Checks that a voice can speak from mels of this recipe and learn from recordings.</summary>
    /// <exception cref="VocoderException">The recipe is not valid, its transform is no power of two, or it changes recordings first.</exception>
    internal void ValidateForVoice()
    {
        Validate();
        Check(BitOperations.IsPow2(FftSize), "FFT size", FftSize, "a power of two for a voice");
        Check(Padding == MelPadding.Reflect, "padding", (int)Padding, "Reflect for a voice");
        Check(HighPass == 0, "high-pass", HighPass, "none for a voice, which would learn other speech than its mel describes");
        Check(PreEmphasis == 0, "pre-emphasis", PreEmphasis, "none for a voice, which would learn other speech than its mel describes");
        Check(PeakLevel == 0, "peak level", PeakLevel, "none for a voice, which would learn another level than its mel describes");
    }

    private void Check(bool good, string what, double found, string expected)
    {
        if (!good)
            throw new VocoderException(string.Create(CultureInfo.InvariantCulture, $"mel recipe '{Name}': {what} {found}, expected {expected}"));
    }
}

/// <summary>Reader and writer of recipes, made at compile time: a program compiled ahead of time has no others.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(MelRecipe))]
internal sealed partial class MelRecipeJsonContext : JsonSerializerContext;
