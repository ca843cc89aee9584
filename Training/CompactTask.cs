using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>Maximum likelihood of a <see cref="CompactVocoder"/>, with the cross-entropy of its pitch predictor beside it.</summary>
internal sealed class CompactTask : ITrainingTask
{
    private const int ToneBatches = 12;
    private readonly CompactVocoder _model;
    private readonly TrainingConfig _config;
    private readonly SpeechDataset _data;
    private readonly CropSampler _crops;
    private readonly Philox _noise;
    private readonly int _hop, _bands, _frames;
    private readonly MelLinearPredictor? _predictor;
    private readonly ExcitationMelLoss[] _melLosses = [];
    private readonly GroupToneLoss? _toneLoss;

    public CompactTask(CompactVocoder model, SpeechDataset data, TrainingConfig config)
    {
        (_model, _data, _config) = (model, data, config);
        (_hop, _bands, _frames) = (model.Recipe.HopSize, model.Recipe.Bands, config.CropFrames);
        _crops = new CropSampler(data.Train, _frames, _hop, config.Seed, config.QuietestGain, config.LoudestGain);
        _noise = new Philox(config.Seed ^ 0x9E3779B97F4A7C15UL);
        if (model.Filter != null) _predictor = model.NewPredictor();
        if (config.ToneLossWeight > 0) _toneLoss = new GroupToneLoss(model.Config.Group, _frames * _hop / model.Config.Group);
        if (config.MelLossWeight > 0) _melLosses = [.. ExcitationMelLoss.Resolutions(model.Recipe).Take(config.MelLossResolutions).Select(r => new ExcitationMelLoss(r))];
    }

    public ParameterSet Parameters => _model.Parameters;

    public double SecondsPerStep => (double)_config.Batch * _frames * _hop / _model.Recipe.SampleRate;

    /// <summary>A batch as the networks see it; log det of the linear prediction in nats per sample.</summary>
    private sealed record Batch(Tensor Excitation, Tensor Mel, Tensor? Phase, PitchTarget? Pitch, Tensor[] Envelopes, Tensor[] Repulsion, double LinearPredictionLogDet);

    /// <summary>What the pitch predictor should say: [b, 96, frames] weights of the bins and [b, 2, frames] of unvoiced and voiced.</summary>
    private sealed record PitchTarget(Tensor Bins, Tensor Voicing);

    public void Initialize(Ops ops)
    {
        // The data-dependent initialisation of ActNorm sees one batch, drawn at a step that training never reaches.
        Batch batch = Load(ops, Draw(-1, 0, _config.Batch), -1);
        Tensor condition = _model.Condition(ops, batch.Mel, _model.LookAheadFrames, _ => batch.Phase!)!;
        _model.Stack.Initialize(ops, ops.Fold(batch.Excitation, _model.Config.Group), condition);
        ops.Reset();
    }

    public StepResult Loss(Ops ops, long step)
    {
        Batch batch = Load(ops, Draw(step, 0, _config.Batch), step);
        StepResult result = Loss(ops, batch, step);
        if (_config.PitchCrops == 0 || _model.Pitch == null) return result;
        Crop[] further = Draw(step, _config.Batch, _config.PitchCrops);
        Tensor more = PitchLoss(ops, LoadMels(ops, further), LoadPitch(ops, further)!);
        return result with { Loss = ops.Add(result.Loss!, more) };
    }

    private Crop[] Draw(long step, int first, int count) => [.. Enumerable.Range(first, count).Select(item => _crops.Draw(step, item))];

    public StepResult Validate(Ops ops)
    {
        // The same stretches every time, one from each held-out clip that is long enough.
        Crop[] crops = [.. _data.Valid.Where(c => c.Frames >= _frames).Select(c => new Crop(c, (c.Frames - _frames) / 2, 1f))];
        if (crops.Length == 0) return Loss(ops, 0);
        double nats = 0, pitch = 0, mel = 0;
        foreach (Crop[] part in crops.Chunk(_config.Batch))
        {
            StepResult result = Loss(ops, Load(ops, part, 0), long.MaxValue);
            mel += result.MelLoss * part.Length;
            nats += result.NatsPerSample * part.Length;
            pitch += result.PitchLoss * part.Length;
            ops.Reset();
        }
        return new StepResult(null, nats / crops.Length, pitch / crops.Length, mel / crops.Length);
    }

    /// <summary>
    /// Takes the mean of every channel of the group out of what the flow generates: such a constant is a tone at a multiple of the sample rate
    /// over the group, the hum of grouped flows, and recordings have none.
    /// </summary>
    public void Finish(Ops ops)
    {
        var sums = new double[_model.Config.Group];
        long count = 0;
        for (int i = 0; i < ToneBatches; i++)
        {
            // Batches that training never sees, the same every time.
            long step = -2 - i;
            Batch batch = Load(ops, Draw(step, 0, _config.Batch), step);
            Tensor generated = ops.Fold(Generate(ops, _model.Condition(ops, batch.Mel, _model.LookAheadFrames, _ => batch.Phase!)!, step, 0), sums.Length);
            for (int row = 0; row < generated.Batch * sums.Length; row++)
                foreach (float value in generated.Row(0, row)) sums[row % sums.Length] += value;
            count += generated.Batch * generated.Length;
            ops.Reset();
        }
        _model.Stack.Outermost?.Lower([.. sums.Select(sum => sum / count)]);
    }

    private StepResult Loss(Ops ops, Batch batch, long step)
    {
        Tensor condition = _model.Condition(ops, batch.Mel, _model.LookAheadFrames, _ => batch.Phase!)!;
        var result = _model.Stack.Forward(ops, ops.Fold(batch.Excitation, _model.Config.Group), condition);
        float perSample = 1f / batch.Excitation.Size;
        Tensor? loss = null;
        foreach (Tensor latent in result.Latents) loss = Sum(ops, loss, ops.Scale(ops.SumSquares(latent), 0.5f * perSample));
        foreach (var (_, logDet) in result.LogDets) loss = Sum(ops, loss, ops.Scale(logDet, -perSample));
        double nats = -(loss!.Item + CompactVocoder.HalfLog2Pi) + batch.LinearPredictionLogDet, pitchLoss = 0, melLoss = 0;
        if (_model.Pitch != null)
        {
            Tensor pitch = PitchLoss(ops, batch.Mel, batch.Pitch!);
            pitchLoss = pitch.Item;
            loss = ops.Add(loss, pitch);
        }
        if (_melLosses.Length > 0 && step >= _config.MelLossFrom)
        {
            Tensor generated = Generate(ops, condition, step, 0);
            Tensor? again = _config.MelLossRepulsion > 0 || _config.MelLossVoicedRepulsion > 0 ? Generate(ops, condition, step, 1) : null;
            if (_toneLoss != null) loss = ops.Add(loss, ops.Scale(_toneLoss.Apply(ops, generated), _config.ToneLossWeight));
            for (int i = 0; i < _melLosses.Length; i++)
            {
                Tensor distance = _melLosses[i].EnergyDistance(ops, generated, again, batch.Excitation, batch.Envelopes[i], batch.Repulsion[i], out double plain);
                // What is reported is the distance of the recipe's own mels.
                if (i == 0) melLoss = plain;
                loss = ops.Add(loss, ops.Scale(distance, _config.MelLossWeight / _melLosses.Length));
            }
        }
        return new StepResult(loss, nats, pitchLoss, melLoss);
    }

    private Tensor Generate(Ops ops, Tensor condition, long step, uint take)
    {
        long start = (step & 0xFFFFFFFF) * condition.Length;
        IReadOnlyList<Tensor> latents = _model.Stack.DrawLatents(ops, condition.Batch, condition.Length, _noise, 2 + (take << 16), start, 1f);
        return ops.Unfold(_model.Stack.Inverse(ops, latents, condition), _model.Config.Group);
    }

    private static Tensor Sum(Ops ops, Tensor? a, Tensor b) => a == null ? b : ops.Add(a, b);

    private Tensor PitchLoss(Ops ops, Tensor mel, PitchTarget target)
    {
        // Only as much look-ahead as the predictor may use: the last frames of the mel belong to the encoder.
        var (bins, voicing) = _model.Pitch!.Apply(ops, mel);
        int first = PitchPredictor.LookAhead;
        Tensor binLoss = ops.Sum(ops.Multiply(ops.Crop(bins, first, _frames), target.Bins));
        Tensor voicingLoss = ops.Sum(ops.Multiply(ops.Crop(voicing, first, _frames), target.Voicing));
        return ops.Scale(ops.Add(binLoss, voicingLoss), -1f / (mel.Batch * _frames));
    }

    private Batch Load(Ops ops, IReadOnlyList<Crop> crops, long step)
    {
        int samples = _frames * _hop, count = crops.Count;
        Tensor excitation = ops.Rent(count, 1, samples);
        Tensor[] envelopes = [.. _melLosses.Select(l => ops.Rent(count, l.Bins, l.FullWindows(samples)))];
        Tensor[] repulsion = [.. _melLosses.Select(l => ops.Rent(count, l.Bands, l.FullWindows(samples)))];
        double logDet = 0;
        for (int b = 0; b < count; b++)
        {
            logDet += LoadAudio(crops[b], excitation.Row(b, 0), envelopes, b, step);
            LoadRepulsion(crops[b], repulsion, b);
        }
        return new Batch(excitation, LoadMels(ops, crops), LoadPhase(ops, crops), LoadPitch(ops, crops), envelopes, repulsion, logDet / count);
    }

    // Dequantised samples through the outermost flow; the log-determinant is per sample. Gain cancels in the excitation of linear prediction.
    private double LoadAudio(Crop crop, Span<float> target, Tensor[] envelopes, int item, long step)
    {
        int start = crop.FirstFrame * _hop, order = _model.Config.LinearPrediction, before = Math.Min(start, order);
        Span<float> audio = new float[before + target.Length];
        crop.Clip.Audio.AsSpan(start - before, audio.Length).CopyTo(audio);
        // The noise is uniform over one step of 16-bit quantisation: exact zeros would have unbounded likelihood.
        for (int i = 0; i < audio.Length; i++)
            audio[i] += (float)((_noise.Uniform((uint)item, 1, step * audio.Length + i) - 0.5) / 32768);
        if (_predictor == null)
        {
            // Nothing takes the gain out here, so the audio has to follow its mel; the likelihood stays that of the recording.
            for (int i = 0; i < target.Length; i++) target[i] = audio[before + i] * crop.Gain;
            return Math.Log(crop.Gain);
        }
        Span<float> history = new float[order];
        audio[..before].CopyTo(history[(order - before)..]);
        int blocks = _frames * _predictor.BlocksPerHop;
        float[] a = new float[blocks * order], g = new float[blocks];
        Predictors(crop, a, g);
        _model.Filter!.Analyze(audio[before..], a, g, history, target);
        for (int i = 0; i < envelopes.Length; i++)
            for (int window = 0; window < envelopes[i].Length; window++)
            {
                int block = _melLosses[i].Centre(window) / _predictor.BlockSize;
                _melLosses[i].Envelope(a.AsSpan(block * order, order), g[block], envelopes[i], item, window);
            }
        return _model.Filter.LogDeterminant(g, target.Length) / target.Length;
    }

    private void Predictors(Crop crop, Span<float> a, Span<float> g)
    {
        int per = _predictor!.BlocksPerHop, order = _predictor.Order;
        Span<float> previous = stackalloc float[_bands], current = stackalloc float[_bands], next = stackalloc float[_bands];
        for (int i = 0; i < _frames; i++)
        {
            Column(crop, i - 1, previous);
            Column(crop, i, current);
            Column(crop, i + 1, next);
            _predictor.Hop(previous, current, next, a.Slice(i * per * order, per * order), g.Slice(i * per, per));
        }
    }

    private void Column(Crop crop, int frame, Span<float> column)
    {
        int f = Math.Clamp(crop.FirstFrame + frame, 0, crop.Clip.MelFrames - 1);
        for (int b = 0; b < _bands; b++) column[b] = crop.Clip.Mel[b * crop.Clip.MelFrames + f];
    }

    private void LoadRepulsion(Crop crop, Tensor[] repulsion, int item)
    {
        for (int i = 0; i < repulsion.Length; i++)
            for (int window = 0; window < repulsion[i].Length; window++)
            {
                float factor = IsVoiced(crop, _melLosses[i].Centre(window) / _hop) ? _config.MelLossVoicedRepulsion : _config.MelLossRepulsion;
                for (int band = 0; band < repulsion[i].Channels; band++) repulsion[i].Row(item, band)[window] = factor;
            }
    }

    private bool IsVoiced(Crop crop, int frame) => _model.Phase != null && crop.Clip.F0[crop.FirstFrame + frame] > 0;

    private Tensor LoadMels(Ops ops, IReadOnlyList<Crop> crops)
    {
        Tensor mel = ops.Rent(crops.Count, _bands, _frames + _model.LookAheadFrames);
        Span<float> column = stackalloc float[_bands], normalized = stackalloc float[_bands];
        for (int item = 0; item < crops.Count; item++)
            for (int i = 0; i < mel.Length; i++)
            {
                Crop crop = crops[item];
                Column(crop, i, column);
                if (crop.Gain != 1f)
                    for (int b = 0; b < _bands; b++) column[b] = (float)_model.Recipe.FromAmplitude(_model.Recipe.ToAmplitude(column[b]) * crop.Gain);
                _model.NormalizeMel(column, normalized);
                for (int b = 0; b < _bands; b++) mel.Row(item, b)[i] = normalized[b];
            }
        return mel;
    }

    private Tensor? LoadPhase(Ops ops, IReadOnlyList<Crop> crops)
    {
        if (_model.Phase == null) return null;
        int steps = _hop / _model.Config.Group;
        Tensor phase = ops.Rent(crops.Count, _model.Phase.Features, _frames * steps);
        for (int item = 0; item < crops.Count; item++)
            for (int i = 0; i < _frames; i++)
            {
                ReadOnlySpan<float> angles = crops[item].Clip.Phase.AsSpan((crops[item].FirstFrame + i) * _hop, _hop);
                _model.Phase.Write(angles, IsVoiced(crops[item], i), phase, item, i * steps);
            }
        return phase;
    }

    private PitchTarget? LoadPitch(Ops ops, IReadOnlyList<Crop> crops)
    {
        if (_model.Pitch == null) return null;
        Tensor bins = ops.Rent(crops.Count, PitchPredictor.Bins, _frames), voicing = ops.Rent(crops.Count, 2, _frames);
        bins.Span.Clear();
        for (int item = 0; item < crops.Count; item++)
            for (int i = 0; i < _frames; i++)
            {
                bool voiced = IsVoiced(crops[item], i);
                voicing.Row(item, 0)[i] = voiced ? 0f : 1f;
                voicing.Row(item, 1)[i] = voiced ? 1f : 0f;
                if (voiced) PitchPredictor.WriteTarget(crops[item].Clip.F0[crops[item].FirstFrame + i], bins, item, i);
            }
        return new PitchTarget(bins, voicing);
    }
}
