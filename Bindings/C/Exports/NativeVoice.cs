using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Native;

/// <summary>A voice in C's hands, the mels that it takes, and the texts that C reads.</summary>
internal sealed class NativeVoice
{
    // A frame may be as loud as this: far above any sound, and so far below what voices refuse that another filter bank cannot lift it there.
    private const double LoudestForeign = VocoderStream.LoudestAmplitude / 1000;

    private readonly Lazy<Denoiser> _denoiser;

    public NativeVoice(LoadedVoice voice) : this(voice, voice.Model.Recipe, null, new(() => Denoiser.Of(voice.Model, new Parallelism(1)))) { }

    private NativeVoice(LoadedVoice voice, MelRecipe recipe, MelConversion? conversion, Lazy<Denoiser> denoiser)
    {
        (Loaded, MelRecipe, Conversion, _denoiser) = (voice, recipe, conversion, denoiser);
        (Name, Licence, Recipe, Difference) = (new(voice.Name), new(voice.File?.Licence ?? ""), new(recipe.ToJson()), new(conversion?.Difference ?? ""));
    }

    public LoadedVoice Loaded { get; }

    /// <summary>The recipe of the mels that it takes.</summary>
    public MelRecipe MelRecipe { get; }

    /// <summary>From that to the voice's own, or null where mels are taken as they are.</summary>
    public MelConversion? Conversion { get; }

    public CText Name { get; }

    public CText Licence { get; }

    public CText Recipe { get; }

    public CText Difference { get; }

    public static NativeVoice Of(nint handle) => Handles.Get<NativeVoice>(handle, "voice");

    /// <summary>The same voice for mels of another recipe.</summary>
    /// <param name="recipe">Its name, or null for the voice's own.</param>
    /// <param name="statistics">A file of mean and deviation of each band by which the mels were normalised, or null.</param>
    /// <param name="approximate">Whether a way that loses something will do.</param>
    /// <exception cref="VocoderException">There is no such recipe or file, no way from there, or only one that is approximate.</exception>
    public NativeVoice With(string? recipe, string? statistics, bool approximate)
    {
        MelRecipe own = Loaded.Model.Recipe, source = recipe == null ? own : MelRecipe.ByName(recipe);
        MelConversion conversion = MelConversion.Between(source, own, statistics == null ? null : MelStatisticsFile.Read(statistics, source.Bands));
        if (conversion.Difference is { } difference && !approximate)
        {
            throw new VocoderException($"a '{source.Name}' mel has {difference} and can only be turned into that of the voice '{Loaded.Name}' "
                + $"({own.Name}) with a loss, expected approximate if that will do");
        }
        return new NativeVoice(Loaded, source, conversion.IsIdentity ? null : conversion, _denoiser);
    }

    /// <summary>Samples that a whole mel of so many frames becomes.</summary>
    public long Samples(long frames) => (Conversion?.FrameCount(frames) ?? frames) * Loaded.Model.Recipe.HopSize;

    /// <summary>A whole mel, [bands, frames], as the voice wants it.</summary>
    /// <exception cref="VocoderException">A value cannot be spoken.</exception>
    public float[] Convert(float[] mel)
    {
        if (Conversion == null || mel.Length == 0) return mel;
        float[] frame = new float[MelRecipe.Bands];
        for (int i = 0; i < mel.Length / frame.Length; i++)
        {
            MelColumns.Copy(mel, frame.Length, i, frame);
            RequireConvertible(Conversion, frame, i);
        }
        return Conversion.Convert(mel);
    }

    /// <summary>Refuses a frame that no sound has, before a conversion takes it in.</summary>
    /// <exception cref="VocoderException">A value is not finite, or too loud.</exception>
    public static void RequireConvertible(MelConversion conversion, ReadOnlySpan<float> frame, long number)
    {
        Span<float> values = stackalloc float[frame.Length];
        frame.CopyTo(values);
        conversion.Statistics?.Denormalize(values);
        for (int b = 0; b < frame.Length; b++)
        {
            if (!float.IsFinite(frame[b]) || !(conversion.Source.ToAmplitude(values[b]) <= LoudestForeign))
                throw VocoderStream.NotSpeakable(number, b, frame[b]);
        }
    }

    /// <summary>What removes the hum of its speech, or null where nothing is asked for.</summary>
    /// <exception cref="VocoderException">The voice has no hum that is known, or the strength is out of range.</exception>
    public DenoiserStream? NewDenoiser(float strength) => strength == 0 ? null : _denoiser.Value.NewStream(strength);
}
