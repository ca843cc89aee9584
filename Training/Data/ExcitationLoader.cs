using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Training.Data;

/// <summary>Crops of recordings behind the outermost flow.</summary>
/// <param name="Crops">Where they come from.</param>
/// <param name="Excitation">[b, 1, samples].</param>
/// <param name="Taps">For each crop [blocks, order] of linear prediction; empty without it.</param>
/// <param name="Gains">For each crop [blocks].</param>
/// <param name="LogDet">log-determinant of linear prediction, nats per sample.</param>
internal sealed record ExcitationBatch(IReadOnlyList<Crop> Crops, Tensor Excitation, float[][] Taps, float[][] Gains, double LogDet);

/// <summary>Takes crops of recordings through the outermost flow of a model: the part of a step that no gradient reaches.</summary>
internal sealed class ExcitationLoader
{
    private readonly CompactVocoder _model;
    private readonly int _frames, _hop, _bands;
    private readonly Philox _noise;
    // One for each item of a batch, because they have working memory.
    private MelLinearPredictor?[] _predictors = [];

    /// <summary>A loader of crops of <paramref name="frames"/> frames; the noise of dequantisation is a function of the seed and the step.</summary>
    public ExcitationLoader(CompactVocoder model, int frames, Philox noise)
    {
        (_model, _frames, _noise, _hop, _bands) = (model, frames, noise, model.Recipe.HopSize, model.Recipe.Bands);
    }

    /// <summary>Loads the crops of a step.</summary>
    public ExcitationBatch Load(Ops ops, IReadOnlyList<Crop> crops, long step)
    {
        Tensor excitation = ops.Rent(crops.Count, 1, _frames * _hop);
        float[][] taps = new float[crops.Count][], gains = new float[crops.Count][];
        var logDets = new double[crops.Count];
        if (_predictors.Length < crops.Count) _predictors = [.. Enumerable.Range(0, crops.Count).Select(_ => _model.NewPredictor())];
        ops.Parallelism.For(crops.Count, (Loader: this, crops, excitation, taps, gains, logDets, step), static (b, in s) =>
        {
            MelLinearPredictor? predictor = s.Loader._predictors[b];
            int blocks = predictor == null ? 0 : s.Loader._frames * predictor.BlocksPerHop;
            (s.taps[b], s.gains[b]) = (new float[blocks * s.Loader._model.Config.LinearPrediction], new float[blocks]);
            s.logDets[b] = s.Loader.Load(predictor, s.crops[b], s.excitation.Row(b, 0), s.taps[b], s.gains[b], b, s.step);
        });
        return new ExcitationBatch(crops, excitation, taps, gains, logDets.Sum() / crops.Count);
    }

    // Dequantised samples through the outermost flow; the log-determinant is per sample. Gain cancels in the excitation of linear prediction.
    private double Load(MelLinearPredictor? predictor, Crop crop, Span<float> target, float[] a, float[] g, int item, long step)
    {
        int start = crop.FirstFrame * _hop, order = _model.Config.LinearPrediction, before = Math.Min(start, order);
        Span<float> audio = new float[before + target.Length];
        crop.Clip.Audio.AsSpan(start - before, audio.Length).CopyTo(audio);
        // The noise is uniform over one step of 16-bit quantisation: exact zeros would have unbounded likelihood.
        for (int i = 0; i < audio.Length; i++)
            audio[i] += (float)((_noise.Uniform((uint)item, 1, step * audio.Length + i) - 0.5) / 32768);
        if (predictor == null)
        {
            // Nothing takes the gain out here, so the audio has to follow its mel; the likelihood stays that of the recording.
            for (int i = 0; i < target.Length; i++) target[i] = audio[before + i] * crop.Gain;
            return Math.Log(crop.Gain);
        }
        Span<float> history = new float[order];
        audio[..before].CopyTo(history[(order - before)..]);
        Predictors(predictor, crop, a, g);
        _model.Filter!.Analyze(audio[before..], a, g, history, target);
        return _model.Filter.LogDeterminant(g, target.Length) / target.Length;
    }

    private void Predictors(MelLinearPredictor predictor, Crop crop, Span<float> a, Span<float> g)
    {
        int per = predictor.BlocksPerHop, order = predictor.Order;
        Span<float> previous = stackalloc float[_bands], current = stackalloc float[_bands], next = stackalloc float[_bands];
        for (int i = 0; i < _frames; i++)
        {
            crop.CopyMelFrame(i - 1, previous);
            crop.CopyMelFrame(i, current);
            crop.CopyMelFrame(i + 1, next);
            predictor.Hop(previous, current, next, a.Slice(i * per * order, per * order), g.Slice(i * per, per));
        }
    }
}
