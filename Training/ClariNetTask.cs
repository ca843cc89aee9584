using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>
/// A student of ClariNet learns from its teacher as published (Ping et al. 2019, sec. 3.3 and 3.4): the regularised divergence of normal distributions, sample
/// by sample on what the student speaks, and the distance of STFT frames to the recording.
/// </summary>
internal sealed class ClariNetTask : ITrainingTask
{
    // The number of the step, where held-out data is measured.
    private const long Validation = long.MaxValue;
    // A sample more: the frame loss leaves the first one out, and its frames reflect half a window.
    private const int LeastSamples = 514;
    private readonly ClariNet _student;
    private readonly ClariNetTeacher _teacher;
    private readonly TrainingConfig _config;
    private readonly CropLoader _crops;
    private readonly GaussianKl _divergence;

    /// <exception cref="VocoderException">Student and teacher do not fit, see <see cref="Check"/>, or there is no usable recording.</exception>
    public ClariNetTask(ClariNet student, ClariNetTeacher teacher, SpeechDataset data, TrainingConfig config)
    {
        Check(student, teacher, config);
        (_student, _teacher, _config, _crops) = (student, teacher, config, new CropLoader(student.Recipe, data, config));
        _divergence = new GaussianKl(config.Distillation.Regularization, LargestKl: float.MaxValue);
        teacher.Parameters.Freeze();
        // It is the teacher's, and stays as it is.
        foreach (Parameter p in Upsampling) p.Value.RequiresGrad = false;
    }

    /// <summary>Whether a teacher can teach a student.</summary>
    /// <exception cref="VocoderException">It cannot; the line says why.</exception>
    public static void Check(ClariNet student, ClariNetTeacher teacher, TrainingConfig config)
    {
        if (teacher.Recipe.Mismatch(student.Recipe) is { } difference)
            throw new VocoderException($"configuration: recipe is {student.Recipe.Name}, expected that of the teacher, {teacher.Recipe.Name}: {difference}");
        string scales = string.Join(",", teacher.Config.UpsampleScales), own = string.Join(",", student.Config.UpsampleScales);
        JsonConfig.Check(own == scales, "clari_net.upsample_scales", own, $"those of the teacher, {scales}: the student hears mels through it");
        int least = (LeastSamples + student.Recipe.HopSize - 1) / student.Recipe.HopSize;
        JsonConfig.Check(config.Distillation.FrameWeight == 0 || config.CropFrames >= least, "crop_frames", config.CropFrames,
            $"at least {least}, what the frame loss needs");
    }

    public ParameterSet Parameters => _student.Parameters;

    public double SecondsPerStep => _crops.SecondsPerStep;

    public bool IsDistillation => true;

    /// <summary>The student begins with the up-sampling of its teacher.</summary>
    public void Initialize(Ops ops)
    {
        foreach (Parameter own in Upsampling)
        {
            _teacher.Parameters.Items.Single(p => p.Name == own.Name).Value.Span.CopyTo(own.Value.Span);
            own.Value.MarkChanged();
        }
    }

    public void Finish(Ops ops) { }

    public StepResult Loss(Ops ops, long step) => Loss(ops, _crops.Draw(step), step);

    public StepResult Validate(Ops ops) => _crops.Validate(ops, crops => Loss(ops, crops, Validation));

    private IEnumerable<Parameter> Upsampling =>
        _student.Parameters.Items.Where(p => p.Name.StartsWith(ClariNetVocoder.Upsampling + ".", StringComparison.Ordinal));

    private StepResult Loss(Ops ops, Crop[] crops, long step)
    {
        (Tensor speech, Tensor mels) = _crops.Load(ops, crops, step == Validation ? 0 : step);
        ClariNetSpeech spoken = _student.Student.Generate(ops, _crops.Noise(ops, crops.Length, step), _student.Upsample(ops, mels));
        var (mean, logScale) = _teacher.Distribution(ops, spoken.Audio, _teacher.Upsample(ops, mels));
        // Step i of either tells the distribution of sample i + 1.
        int last = speech.Length - 1;
        Tensor divergence = _divergence.Apply(ops, spoken.Mean, spoken.LogScale, ops.Crop(mean, 0, last), ops.Crop(logScale, 0, last), out double kl);
        Tensor loss = ops.Scale(divergence, _config.Distillation.KlWeight);
        if (_config.Distillation.FrameWeight > 0)
        {
            Tensor distance = ClariNetFrameLoss.Apply(ops, ops.Crop(spoken.Audio, 1, last), ops.Crop(speech, 1, last));
            loss = ops.Add(loss, ops.Scale(distance, _config.Distillation.FrameWeight));
        }
        return new StepResult(loss, 0, 0, 0, kl);
    }
}
