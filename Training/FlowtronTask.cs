using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;
using FlowVocoder.Texts;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Training;

/// <summary>
/// Flowtron's training (Valle et al. 2021, sec. 3; its repository's configuration): maximum likelihood of mels given their texts, the cross-entropy of the
/// gate, and the CTC loss of the attention. Each text is read whole, so a batch is a number of recordings, all of them once in every epoch.
/// </summary>
internal sealed class FlowtronTask : ITrainingTask
{
    private readonly Flowtron _model;
    private readonly TextDataset _data;
    private readonly TrainingConfig _config;
    private readonly Philox _random;
    private (long Epoch, int[] Order) _shuffled = (-1, []);

    /// <exception cref="VocoderException">The data has more speakers than the model.</exception>
    public FlowtronTask(Flowtron model, TextDataset data, TrainingConfig config)
    {
        (_model, _data, _config) = (model, data, config);
        _random = new Philox(NoiseStreams.TrainingSeed(config.Seed));
        if (data.Speakers.Count > model.Config.Speakers)
            throw new VocoderException($"the texts name {data.Speakers.Count} speakers, expected {model.Config.Speakers} at most, flowtron.n_speakers");
    }

    public ParameterSet Parameters => _model.Parameters;

    public double SecondsPerStep =>
        _config.Batch * _data.Train.Average(clip => (double)clip.Frames) * _model.Recipe.HopSize / _model.Recipe.SampleRate;

    public void Initialize(Ops ops) { }

    public void Finish(Ops ops) { }

    public StepResult Loss(Ops ops, long step)
    {
        var batch = new TextClip[_config.Batch];
        for (int i = 0; i < batch.Length; i++) batch[i] = Draw(_data.Train, step * _config.Batch + i);
        return Mean(ops, batch, step);
    }

    public StepResult Validate(Ops ops)
    {
        var sum = new StepResult(null, 0, 0, 0);
        double frames = _data.Valid.Sum(clip => (double)clip.Frames);
        foreach (TextClip clip in _data.Valid)
        {
            sum = sum.Plus(Mean(ops, [clip], 0), clip.Frames / frames);
            ops.Reset();
        }
        return sum;
    }

    /// <summary>A clip as a function of its number alone, so that a resumed run sees what the uninterrupted one would have seen.</summary>
    internal TextClip Draw(IReadOnlyList<TextClip> clips, long index)
    {
        long epoch = index / clips.Count;
        if (epoch != _shuffled.Epoch || _shuffled.Order.Length != clips.Count)
            _shuffled = (epoch, [.. Enumerable.Range(0, clips.Count).OrderBy(i => _random.Uniform(NoiseStreams.Epochs, (uint)epoch, i))]);
        return clips[_shuffled.Order[index % clips.Count]];
    }

    private StepResult Mean(Ops ops, TextClip[] clips, long step)
    {
        FlowtronResult[] results = [.. clips.Select((clip, i) => Forward(ops, clip, step * clips.Length + i))];
        Tensor Sum(Func<FlowtronResult, Tensor> part, double count) => ops.Scale(results.Select(part).Aggregate(ops.Add), (float)(1 / count));
        double frames = clips.Sum(clip => (double)clip.Frames);
        TextConfig text = _config.Text;
        Tensor likelihood = Sum(r => r.Loss(ops, text.Sigma), frames * _model.Config.MelChannels), gate = Sum(r => r.GateLoss(ops), frames),
            attention = Sum(r => r.AttentionLoss(ops), clips.Length * _model.Config.Flows), loss = ops.Add(likelihood, gate);
        if (text.AttentionWeight > 0 && step >= text.AttentionFrom) loss = ops.Add(loss, ops.Scale(attention, text.AttentionWeight));
        // The published loss leaves the constant out.
        double constant = 0.5 * Math.Log(2 * Math.PI) + (_model.Config.Components > 0 ? 0 : Math.Log(text.Sigma));
        return new StepResult(loss, -ops.ReadItem(likelihood) - constant, 0, 0) { Gate = ops.ReadItem(gate), Attention = ops.ReadItem(attention) };
    }

    private FlowtronResult Forward(Ops ops, TextClip clip, long draw)
    {
        IReadOnlyList<int> text = FlowtronText.Read(clip.Text, _data.Dictionary, _config.Text.Arpabet, _config.Seed + (ulong)draw).Symbols;
        Tensor mel = ops.Rent(1, _model.Config.MelChannels, clip.Frames);
        clip.Mel.CopyTo(mel.Span);
        Tensor? prior = _config.Text.AttentionPrior && !_model.Config.CumulativeAttention ? ops.Rent(clip.Frames, text.Count, 1) : null;
        if (prior != null) AttentionPrior.Fill(prior, _config.Text.PriorScale);
        return _model.Forward(ops, mel, text, clip.Speaker, prior);
    }
}
