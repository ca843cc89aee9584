using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>
/// Recordings under a <see cref="CompactVocoder"/>, whatever computes its flow: what is tracked in them, and the way through the flow in chunks, so that memory
/// does not grow with them.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="newPass">Makes a way through its flow, with so many threads, for the estimate of that number.</param>
internal sealed partial class CompactAnalysis(CompactVocoder model, Func<Parallelism, uint, IFlowPass> newPass)
{
    // Frames that are handed on at once; the result does not depend on it.
    private const int HandedFrames = 64;

    private MelRecipe Recipe => model.Recipe;

    /// <inheritdoc cref="VocoderModel.Score(ReadOnlySpan{float}, ReadOnlySpan{float}, Parallelism)"/>
    public Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands;
        float[] f0 = !model.UsesPhase || melFrames == 0 ? [] : new PitchTracker(Recipe).Track(audio, melFrames).F0;
        CompactScorers scorer = Scorers(audio.Length, melFrames, f0, parallelism);
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

    /// <inheritdoc cref="VocoderModel.Score(ISampleSource, ReadOnlyMemory{float}, Parallelism)"/>
    public Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism)
    {
        PitchStream? pitch = model.UsesPhase ? new PitchTracker(Recipe).NewStream() : null;
        int samples = model.Length(audio, piece => pitch?.Push(piece));
        var spectrogram = new MelSpectrogram(Recipe);
        int melFrames = mel.IsEmpty ? spectrogram.FrameCount(samples) : mel.Length / Recipe.Bands;
        CompactScorers scorer = Scorers(samples, melFrames, pitch?.Finish(melFrames).F0 ?? [], parallelism);
        if (mel.IsEmpty) ReadThrough(audio, new MelStream(spectrogram), scorer);
        else ReadThrough(audio, mel, scorer);
        return scorer.Finish();
    }

    private CompactScorers Scorers(int samples, int melFrames, float[] f0, Parallelism parallelism) =>
        new(model, estimate => newPass(parallelism, estimate), samples, melFrames, f0);

    private void ReadThrough(ISampleSource audio, ReadOnlyMemory<float> mel, CompactScorers scorer)
    {
        int pushed = 0, melFrames = mel.Length / Recipe.Bands;
        long received = 0;
        float[] column = new float[Recipe.Bands];
        audio.ReadThrough(piece =>
        {
            received += piece.Length;
            for (; pushed < melFrames && pushed <= received / Recipe.HopSize + model.LookAheadFrames; pushed++)
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
}
