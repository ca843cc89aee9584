using System.Runtime.InteropServices;
using System.Text;
using FlowVocoder.Streaming;

namespace FlowVocoder.Features;

public sealed partial class MelConverter
{
    /// <summary>Frames taken in since the start or the last <see cref="Reset"/>.</summary>
    internal long Received => _received;

    /// <summary>What it remembers, for saving and restoring alike.</summary>
    internal void Exchange(StateExchange state)
    {
        byte[] expected = Fingerprint(), found = [.. expected];
        state.Bytes(found);
        state.Require(found.AsSpan().SequenceEqual(expected), $"frames of another recipe, or of other statistics");
        state.Number(ref _received);
        state.Number(ref _given);
        bool follows = _received is >= 0 and <= int.MaxValue / 16 && (_given == Ready(_received) || _given == _conversion.FrameCount(_received));
        state.Require(follows, $"a position that no stream reaches");
        foreach (ref double root in _roots.AsSpan()) state.Number(ref root);
    }

    private byte[] Fingerprint()
    {
        var hash = new Sha256();
        foreach (MelRecipe recipe in (ReadOnlySpan<MelRecipe>)[_conversion.Source, _conversion.Target])
            hash.Append(Encoding.UTF8.GetBytes(recipe.ToJson() + '\0'));
        if (_conversion.Statistics is { } statistics) hash.Append(MemoryMarshal.AsBytes<float>([.. statistics.Mean, .. statistics.Deviation]));
        return hash.Finish();
    }
}
