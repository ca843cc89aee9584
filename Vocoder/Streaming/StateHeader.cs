using System.Globalization;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>What a saved state has to agree with: the fingerprint of the voice, and how it speaks.</summary>
internal static class StateHeader
{
    public static void Write(StateExchange state, VocoderModel model, SynthesisOptions options) => Exchange(state, model.Fingerprint, options);

    /// <exception cref="VocoderException">It does not agree.</exception>
    public static void Require(StateExchange state, VocoderModel model, SynthesisOptions options)
    {
        var (fingerprint, saved) = Exchange(state, model.Fingerprint, options);
        ReadOnlySpan<byte> expected = model.Fingerprint.Span;
        if (!fingerprint.AsSpan().SequenceEqual(expected))
            throw Refusal($"it belongs to a voice whose fingerprint begins with {Begin(fingerprint)}, expected {Begin(expected)}");
        if (saved.Sigma != options.Sigma) throw Refusal($"it was saved with sigma {saved.Sigma}, expected {options.Sigma}");
        if (saved.PitchShift != options.PitchShift)
            throw Refusal($"it was saved with a pitch shift of {saved.PitchShift} semitones, expected {options.PitchShift}");
        if (saved.Match != (options.Match ?? 0)) throw Refusal($"it was saved with {saved.Match} passes of matching, expected {options.Match ?? 0}");
        if (saved.Seed != options.Seed) throw Refusal($"it was saved with seed {saved.Seed}, expected {options.Seed}");
    }

    private static string Begin(ReadOnlySpan<byte> fingerprint) => Convert.ToHexStringLower(fingerprint[..4]);

    public static VocoderException Refusal(FormattableString found) =>
        new("the state of a stream cannot be restored: " + found.ToString(CultureInfo.InvariantCulture));

    private static (byte[] Fingerprint, SynthesisOptions Options) Exchange(StateExchange state, ReadOnlyMemory<byte> fingerprint, SynthesisOptions options)
    {
        byte[] bytes = new byte[Sha256.Size];
        fingerprint.CopyTo(bytes);
        (float sigma, float pitch, int match, long seed) = (options.Sigma, options.PitchShift, options.Match ?? 0, (long)options.Seed);
        state.Bytes(bytes);
        state.Number(ref sigma);
        state.Number(ref pitch);
        state.Number(ref match);
        state.Number(ref seed);
        return (bytes, new SynthesisOptions { Sigma = sigma, PitchShift = pitch, Match = match, Seed = (ulong)seed });
    }
}
