using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Training.Data;

/// <summary>Crops of recordings.</summary>
/// <param name="Crops">Where they come from.</param>
/// <param name="Speech">[b, 1, samples], as loud as the recording.</param>
/// <param name="First">The first sample of the crops that is there.</param>
internal sealed record SpeechBatch(IReadOnlyList<Crop> Crops, Tensor Speech, int First = 0);

/// <summary>The outermost flow of a batch: linear prediction from the mels of its crops.</summary>
/// <param name="Taps">[b, blocks, order]; null without linear prediction.</param>
/// <param name="Gains">[b, blocks, 1].</param>
/// <param name="LogDet">log |det| from speech to excitation, nats per sample.</param>
internal sealed record Prediction(Tensor? Taps, Tensor? Gains, double LogDet)
{
    /// <summary>Excitation [b, 1, samples] to speech.</summary>
    public Tensor Speak(Ops ops, Tensor excitation) => Taps == null ? excitation : ops.AllPole(excitation, Taps, Gains!);

    /// <summary>Speech [b, 1, samples] to excitation.</summary>
    public Tensor Analyze(Ops ops, Tensor speech) => Taps == null ? speech : ops.AllPoleInverse(speech, Taps, Gains!);
}

/// <summary>Loads crops of recordings, and linear prediction of their mels: the part of a step that no gradient reaches.</summary>
internal sealed class SpeechLoader(CompactVocoder model, int frames, Philox noise)
{
    private readonly int _hop = model.Recipe.HopSize, _bands = model.Recipe.Bands;

    // One for each item of a batch, because they have working memory.
    private MelLinearPredictor?[] _predictors = [];

    /// <summary>Loads the crops of a step; the noise of dequantisation is a function of the seed and the step.</summary>
    public SpeechBatch Load(Ops ops, IReadOnlyList<Crop> crops, long step)
    {
        Tensor speech = ops.Rent(crops.Count, 1, frames * _hop);
        ops.Parallelism.For(crops.Count, (Loader: this, crops, speech, step), static (b, in s) => s.Loader.Load(s.crops[b], s.speech.Row(b, 0), b, s.step));
        return new SpeechBatch(crops, speech);
    }

    // Linear prediction takes any gain out; where there is none, the audio has to follow the mel that the networks see.
    private void Load(Crop crop, Span<float> target, int item, long step) =>
        CropReader.Speech(crop, _hop, noise, item, step, applyGain: model.Filter == null, target);

    /// <summary>Linear prediction from the mels of crops.</summary>
    public Prediction Predict(Ops ops, IReadOnlyList<Crop> crops)
    {
        // The likelihood stays that of the recording.
        if (model.Filter == null) return new Prediction(null, null, crops.Average(crop => Math.Log(crop.Gain)));
        if (_predictors.Length < crops.Count) _predictors = [.. Enumerable.Range(0, crops.Count).Select(_ => model.NewPredictor())];
        int blocks = frames * _predictors[0]!.BlocksPerHop;
        Tensor taps = ops.Rent(crops.Count, blocks, model.Filter.Order), gains = ops.Rent(crops.Count, blocks, 1);
        ops.Parallelism.For(crops.Count, (Loader: this, crops, taps, gains), static (b, in s) =>
            s.Loader.Predict(s.Loader._predictors[b]!, s.crops[b], Item(s.taps, b), Item(s.gains, b)));
        double logDet = 0;
        for (int b = 0; b < crops.Count; b++) logDet += model.Filter.LogDeterminant(Item(gains, b), frames * _hop);
        return new Prediction(taps, gains, logDet / ((double)crops.Count * frames * _hop));
    }

    private static Span<float> Item(Tensor x, int b) => x.Span.Slice(b * x.Channels * x.Length, x.Channels * x.Length);

    private void Predict(MelLinearPredictor predictor, Crop crop, Span<float> a, Span<float> g)
    {
        int per = predictor.BlocksPerHop, order = predictor.Order;
        float[] mel = crop.Mel(-1, frames + 2);
        Span<float> Frame(int i) => mel.AsSpan((i + 1) * _bands, _bands);
        for (int i = 0; i < frames; i++)
            predictor.Hop(Frame(i - 1), Frame(i), Frame(i + 1), a.Slice(i * per * order, per * order), g.Slice(i * per, per));
    }
}
