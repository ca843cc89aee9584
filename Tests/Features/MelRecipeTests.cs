using System.Text.Json.Nodes;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelRecipeTests
{
    [Fact]
    public void Presets_are_valid_named_once_and_survive_json()
    {
        Assert.Equal(MelRecipe.Presets.Count, MelRecipe.Presets.Select(p => p.Name).Distinct().Count());
        foreach (MelRecipe preset in MelRecipe.Presets)
        {
            preset.Validate();
            Assert.NotEmpty(preset.Description);
            Assert.Equal(preset, MelRecipe.FromJson(preset.ToJson()));
            Assert.Same(preset, MelRecipe.ByName(preset.Name.ToUpperInvariant()));
        }
    }

    [Fact]
    public void Json_is_readable()
    {
        string json = MelRecipe.ByName("vocos").ToJson();
        Assert.Contains("\"melScale\": \"Htk\"", json, StringComparison.Ordinal);
        Assert.Contains("\"centering\": \"Centered\"", json, StringComparison.Ordinal);
        Assert.Contains("\"sampleRate\": 24000", json, StringComparison.Ordinal);
        Assert.DoesNotContain("lowestValue", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Absent_members_keep_their_default_and_required_ones_must_be_there()
    {
        MelRecipe recipe = MelRecipe.ByName("coqui");
        JsonObject json = JsonNode.Parse(recipe.ToJson())!.AsObject();
        foreach (string member in (string[])["description", "outputScale", "outputOffset", "outputMin", "outputMax", "magnitudeEpsilon"]) json.Remove(member);
        Assert.Equal(recipe with { Description = "", OutputScale = 1, OutputOffset = 0, OutputMin = null, OutputMax = null, MagnitudeEpsilon = 0 },
            MelRecipe.FromJson(json.ToJsonString()));
        json.Remove("floor");
        Assert.Contains("floor", Assert.Throws<VocoderException>(() => MelRecipe.FromJson(json.ToJsonString())).Message, StringComparison.Ordinal);
        Assert.Contains("sampleRate", Assert.Throws<VocoderException>(() => MelRecipe.FromJson("{}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "cannot be read")]
    [InlineData("null", "expected an object")]
    [InlineData("{\"name\":\"x\"}", "sampleRate")]
    [InlineData("hop", "hop size 0, expected 1 to the FFT size 1024")]
    [InlineData("fft", "FFT size 1001, expected an even number")]
    [InlineData("fmax", "highest frequency 12000, expected up to half the sample rate, 11025 Hz")]
    [InlineData("unknown", "companding")]
    [InlineData("enum", "melScale")]
    [InlineData("nan", "floor")]
    public void Json_that_is_no_recipe_is_refused_by_name(string json, string expected)
    {
        string good = MelRecipe.ByName("nvidia").ToJson();
        json = json switch
        {
            "hop" => good.Replace("\"hopSize\": 256", "\"hopSize\": 0", StringComparison.Ordinal),
            "fft" => good.Replace("\"fftSize\": 1024", "\"fftSize\": 1001", StringComparison.Ordinal),
            "fmax" => good.Replace("\"maxFrequency\": 8000", "\"maxFrequency\": 12000", StringComparison.Ordinal),
            "unknown" => good.Replace("{", "{ \"companding\": 0.97,", StringComparison.Ordinal),
            "enum" => good.Replace("\"Slaney\"", "\"Bark\"", StringComparison.Ordinal),
            "nan" => good.Replace("1E-05", "-1", StringComparison.Ordinal),
            _ => json,
        };
        string message = Assert.Throws<VocoderException>(() => MelRecipe.FromJson(json)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Unknown_names_are_answered_with_the_known_ones()
    {
        string message = Assert.Throws<VocoderException>(() => MelRecipe.ByName("tacotron9")).Message;
        Assert.StartsWith("mel recipe 'tacotron9' is not known, expected one of nvidia, hifigan, ", message, StringComparison.Ordinal);
        Assert.Contains("vocos", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mismatch_names_what_differs_and_only_that()
    {
        MelRecipe voice = MelRecipe.ByName("nvidia");
        Assert.Null(voice.Mismatch(voice with { Name = "other", Description = "other" }));
        Assert.Null(voice.Mismatch(MelRecipe.ByName("speechbrain")));
        Assert.Equal("sample rate 24000 Hz, the voice expects 22050 Hz", voice.Mismatch(voice with { SampleRate = 24000 }));
        Assert.Equal(
            "centring HopCentered, the voice expects Centered; magnitude epsilon 1E-09, the voice expects 0",
            voice.Mismatch(MelRecipe.ByName("hifigan")));
        Assert.Equal("output minimum none, the voice expects -4", (voice with { OutputMin = -4 }).Mismatch(voice));
    }

    // A property added to the recipe but forgotten in Mismatch would let unlike mels pass.
    [Fact]
    public void Mismatch_sees_every_property_but_name_and_description()
    {
        MelRecipe voice = MelRecipe.ByName("nvidia");
        foreach (System.Reflection.PropertyInfo property in typeof(MelRecipe).GetProperties().Where(p => p.CanWrite && p.Name is not ("Name" or "Description")))
        {
            MelRecipe changed = voice with { };
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            object value = type.IsEnum ? Enum.ToObject(type, 1 + Convert.ToInt32(property.GetValue(voice), null))
                : type == typeof(bool) ? true : type == typeof(int) ? (object)3 : 0.125;
            property.SetValue(changed, value);
            Assert.True(voice.Mismatch(changed) is not null, property.Name);
        }
    }

    [Fact]
    public void Amplitudes_have_their_closed_forms()
    {
        Assert.Equal(Math.Log(0.3), MelRecipe.ByName("nvidia").FromAmplitude(0.3), 1e-15);
        Assert.Equal(Math.Log10(0.3), MelRecipe.ByName("espnet").FromAmplitude(0.3), 1e-15);
        // (20·log10 0.3 − 20 + 100)/100·8 − 4, and 10 = 20 dB is the top of the range
        Assert.Equal((0.08 * 20 * Math.Log10(0.3)) + 2.4, MelRecipe.ByName("coqui").FromAmplitude(0.3), 1e-15);
        Assert.Equal(4, MelRecipe.ByName("coqui").FromAmplitude(1000));
        foreach (MelRecipe recipe in MelRecipe.Presets)
            Assert.Equal(0.3, recipe.ToAmplitude(recipe.FromAmplitude(0.3)), 1e-12);
    }

    [Fact]
    public void Conversion_equals_computing_in_the_other_recipe()
    {
        MelRecipe vocos = MelRecipe.ByName("vocos"), rfwave = MelRecipe.ByName("rfwave");
        float[] expected = new MelSpectrogram(rfwave).Compute(Reference.Chirp), mel = new MelSpectrogram(vocos).Compute(Reference.Chirp);
        rfwave.ConvertFrom(vocos, mel);
        Reference.Compare(mel, expected, out double maxAbs);
        Assert.True(maxAbs < 1e-6, $"max-abs {maxAbs}");

        string message = Assert.Throws<VocoderException>(() => vocos.ConvertFrom(MelRecipe.ByName("espnet"), mel)).Message;
        Assert.StartsWith("a 'espnet' mel cannot be converted to 'vocos': sample rate 22050 Hz", message, StringComparison.Ordinal);
    }
}
