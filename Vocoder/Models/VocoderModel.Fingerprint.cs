using System.Runtime.InteropServices;
using System.Text;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

public abstract partial class VocoderModel
{
    private FingerprintCache? _fingerprint;

    private sealed record FingerprintCache(long Versions, byte[] Hash);

    /// <summary>SHA-256 of kind, configuration, recipe and every weight: equal for the same voice loaded twice, and for no other.</summary>
    internal ReadOnlyMemory<byte> Fingerprint
    {
        get
        {
            // Versions only grow, so their sum tells whether any weight has changed.
            long versions = Parameters.Items.Sum(p => (long)p.Value.Version);
            FingerprintCache? cache = _fingerprint;
            if (cache?.Versions != versions) _fingerprint = cache = new FingerprintCache(versions, Hash());
            return cache.Hash;
        }
    }

    /// <summary>Whether this voice encoded <paramref name="latent"/>, as far as anybody said: what another voice encoded is noise of another kind.</summary>
    public bool HasEncoded(LatentSpeech latent) => latent.Voice.Length == 0 || latent.Voice.AsSpan().SequenceEqual(VoiceKey);

    /// <summary>What <see cref="LatentSpeech.Voice"/> is of this voice.</summary>
    internal virtual float[] VoiceKey => [.. Fingerprint.Span[..8].ToArray().Select(b => (float)b)];

    private byte[] Hash()
    {
        var hash = new Sha256();
        foreach (string text in new[] { Kind, ConfigJson, Recipe.ToJson() }) Text(text);
        foreach (Parameter p in Parameters.Items)
        {
            Text(p.Name);
            hash.Append(MemoryMarshal.AsBytes(p.Value.Span));
        }
        return hash.Finish();

        // Ended by a zero, so that no two lists of texts run into the same bytes.
        void Text(string text) => hash.Append(Encoding.UTF8.GetBytes(text + '\0'));
    }
}
