using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

public sealed partial class CompactVocoder
{
    /// <summary>½·log 2π, the constant of the standard normal density in nats per sample.</summary>
    internal const double HalfLog2Pi = 0.91893853320467274;

    // Frames that are handed on at once; the result does not depend on it.
    private const int HandedFrames = 64;

    /// <inheritdoc/>
    /// <remarks>
    /// The phase of the fundamental is tracked in the recording: the likelihood is that of p(x | mel, φ). The constant of the normal
    /// distribution and each latent part's squares are one entry, "z". It goes in chunks: memory does not grow with the recording. The log-determinant of a
    /// continuous flow is estimated, several times at once.
    /// </remarks>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands;
        float[] f0 = Phase == null || melFrames == 0 ? [] : new PitchTracker(Recipe).Track(audio, melFrames).F0;
        var scorer = new CompactScorers(this, audio.Length, melFrames, f0, parallelism);
        var frames = new float[HandedFrames * Recipe.Bands];
        for (int i = 0, count; i < melFrames; i += count)
        {
            count = Math.Min(HandedFrames, melFrames - i);
            MelColumns.Copy(mel, Recipe.Bands, i, frames.AsSpan(0, count * Recipe.Bands));
            int from = (int)Math.Min(audio.Length, (long)i * hop), to = (int)Math.Min(audio.Length, (long)(i + count) * hop);
            scorer.Push(frames.AsSpan(0, count * Recipe.Bands), audio[from..(i + count == melFrames ? audio.Length : to)]);
        }
        return scorer.Finish();
    }

    /// <inheritdoc/>
    /// <remarks>Bit for bit as for the whole at once. Where no mel is given, it is computed on one thread.</remarks>
    public override Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism)
    {
        PitchStream? pitch = Phase == null ? null : new PitchTracker(Recipe).NewStream();
        int samples = Length(audio, piece => pitch?.Push(piece));
        var spectrogram = new MelSpectrogram(Recipe);
        int melFrames = mel.IsEmpty ? spectrogram.FrameCount(samples) : mel.Length / Recipe.Bands;
        var scorer = new CompactScorers(this, samples, melFrames, pitch?.Finish(melFrames).F0 ?? [], parallelism);
        if (mel.IsEmpty) ReadThrough(audio, new MelStream(spectrogram), scorer);
        else ReadThrough(audio, mel, scorer);
        return scorer.Finish();
    }

    private void ReadThrough(ISampleSource audio, ReadOnlyMemory<float> mel, CompactScorers scorer)
    {
        int pushed = 0, melFrames = mel.Length / Recipe.Bands;
        long received = 0;
        float[] column = new float[Recipe.Bands];
        audio.ReadThrough(piece =>
        {
            received += piece.Length;
            for (; pushed < melFrames && pushed <= received / Recipe.HopSize + LookAheadFrames; pushed++)
            {
                MelColumns.Copy(mel.Span, Recipe.Bands, pushed, column);
                scorer.Push(column, []);
            }
            scorer.Push([], piece);
        });
    }

    private void ReadThrough(ISampleSource audio, MelStream stream, CompactScorers scorer)
    {
        float[] frames = [];
        Span<float> Room(int count)
        {
            if (frames.Length < count * Recipe.Bands) frames = new float[count * Recipe.Bands];
            return frames.AsSpan(0, count * Recipe.Bands);
        }
        audio.ReadThrough(piece =>
        {
            for (int count; !piece.IsEmpty; piece = piece[count..])
            {
                count = Math.Min(HandedFrames * Recipe.HopSize, piece.Length);
                Span<float> room = Room(stream.FrameCount(count));
                stream.Push(piece[..count], room);
                scorer.Push(room, piece[..count]);
            }
        });
        Span<float> last = Room(stream.FlushCount);
        stream.Flush(last);
        scorer.Push(last, []);
    }

    /// <summary>F0 and voicing as the model hears them in a mel: what it speaks with.</summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="parallelism">Threads.</param>
    /// <returns>[frames] in Hz, 0 where unvoiced; null when the phase is switched off and there is no predictor.</returns>
    public float[]? PredictPitch(ReadOnlySpan<float> mel, Parallelism parallelism)
    {
        if (Pitch == null) return null;
        int frames = mel.Length / Recipe.Bands;
        var f0 = new float[frames];
        if (frames == 0) return f0;
        Ops ops = Engine.Compute(parallelism);
        var (bins, voicing) = Pitch.Apply(ops, MelWithLookAhead(mel, frames, frames));
        for (int i = 0; i < frames; i++) f0[i] = PitchPredictor.Decode(ops.Here(bins), ops.Here(voicing), 0, i + PitchPredictor.LookAhead);
        ops.Reset();
        return f0;
    }

    private Tensor MelWithLookAhead(ReadOnlySpan<float> mel, int melFrames, int frames)
    {
        var result = new Tensor(1, Recipe.Bands, frames + LookAheadFrames);
        for (int b = 0; b < Recipe.Bands; b++)
        {
            ReadOnlySpan<float> band = mel.Slice(b * melFrames, melFrames);
            Span<float> row = result.Row(0, b);
            for (int i = 0; i < row.Length; i++) row[i] = band[Math.Min(i, melFrames - 1)];
            NormalizeMel(row, row);
        }
        return result;
    }
}
