using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Models;

/// <summary>ClariNet's teacher, student and losses against their PyTorch implementation, on weights it drew.</summary>
public class ClariNetParityTests(ITestOutputHelper output)
{
    private readonly PublishedVectors _vectors = new("clarinet_tiny", output);

    private static readonly GaussianKl s_kl = new(Regularization: 4, SmallestLogSigma: -6, LargestKl: float.MaxValue);

    private ClariNetTeacher Teacher() => Teacher(_vectors);

    internal static ClariNetTeacher Teacher(PublishedVectors vectors)
    {
        JsonElement json = vectors.Config.GetProperty("teacher");
        int Number(string name) => json.GetProperty(name).GetInt32();
        var model = new ClariNetTeacher(new ClariNetTeacherConfig
        {
            MelChannels = Number("cin_channels"), Blocks = Number("num_blocks"), Layers = Number("num_layers"), Residual = Number("residual_channels"),
            Gate = Number("gate_channels"), Skip = Number("skip_channels"), Kernel = Number("kernel_size"),
        });
        vectors.Load(model.Parameters, "teacher_state_dict");
        return model;
    }

    private ClariNetStudent Student()
    {
        JsonElement json = _vectors.Config.GetProperty("student");
        int Number(string name) => json.GetProperty(name).GetInt32();
        var model = new ClariNetStudent(Number("cin_channels"), [.. json.GetProperty("num_blocks_student").EnumerateArray().Select(n => n.GetInt32())],
            Number("num_layers"), Number("front_channels"),
            Number("residual_channels"), Number("gate_channels"), Number("skip_channels"), Number("kernel_size"));
        _vectors.Load(model.Parameters, "student_state_dict");
        return model;
    }

    [Fact]
    public void The_teacher_tells_the_published_distribution_loss_and_gradients()
    {
        ClariNetTeacher teacher = Teacher();
        Assert.Equal(_vectors.Expected.GetProperty("teacher_receptive_field").GetInt32(), teacher.ReceptiveField);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor condition = teacher.Upsample(ops, _vectors.Tensor("mel")), audio = _vectors.Tensor("audio");
        _vectors.Check("mel_upsampled", condition);
        var (mean, logScale) = teacher.Distribution(ops, audio, condition);
        _vectors.Check("teacher_mean", mean);
        _vectors.Check("teacher_log_scale", logScale);
        Tensor loss = teacher.Loss(ops, audio, condition);
        _vectors.Check("loss", _vectors.Expected.GetProperty("teacher_loss").GetDouble(), loss.Item + 0.5 * Math.Log(2 * Math.PI));
        tape.Backward(loss);
        _vectors.CheckGradients(teacher.Parameters, "teacher_gradients");
    }

    [Fact]
    public void The_teacher_speaks_step_by_step_as_published()
    {
        ClariNetTeacher teacher = Teacher();
        var ops = new CpuOps();
        float[] noise = _vectors.Array("teacher_generate_noise");
        Tensor condition = ops.Crop(_vectors.Tensor("mel_upsampled"), 0, noise.Length), first = ops.Take(condition, [0]);
        _vectors.Check("teacher_generate_audio", teacher.Generate(ops, Tensor.From(noise, 1, 1, noise.Length), first));
    }

    [Fact]
    public void The_student_speaks_as_published_and_its_teacher_hears_it()
    {
        ClariNetStudent student = Student();
        Assert.Equal(_vectors.Expected.GetProperty("student_receptive_field").GetInt32(), student.ReceptiveField);
        var ops = new CpuOps();
        Tensor condition = _vectors.Tensor("mel_upsampled");
        ClariNetSpeech speech = student.Generate(ops, _vectors.Tensor("student_noise"), condition);
        _vectors.Check("student_audio", speech.Audio);
        _vectors.Check("student_mu", speech.Mean);
        _vectors.Check("student_log_scale", speech.LogScale);
        var (mean, logScale) = Teacher().Distribution(ops, speech.Audio, condition);
        _vectors.Check("teacher_on_student_mean", mean);
        _vectors.Check("teacher_on_student_log_scale", logScale);
    }

    [Fact]
    public void The_student_gets_the_published_gradients_of_divergence_and_frame_loss()
    {
        JsonElement expected = _vectors.Expected;
        foreach (bool isTotal in new[] { false, true })
        {
            ClariNetStudent student = Student();
            ClariNetTeacher teacher = Teacher();
            teacher.Parameters.Freeze();
            var tape = new Tape();
            var ops = new CpuOps(tape: tape);
            Tensor condition = _vectors.Tensor("mel_upsampled"), audio = _vectors.Tensor("audio");
            ClariNetSpeech speech = student.Generate(ops, _vectors.Tensor("student_noise"), condition);
            var (mean, logScale) = teacher.Distribution(ops, speech.Audio, condition);
            int last = audio.Length - 1;
            Tensor loss = s_kl.Apply(ops, speech.Mean, speech.LogScale, ops.Crop(mean, 0, last), ops.Crop(logScale, 0, last), out double divergence);
            _vectors.Check("divergence", expected.GetProperty("kl_qp").GetProperty("kl").GetDouble(), divergence);
            _vectors.Check("with its regulariser", expected.GetProperty("kl_qp").GetProperty("total").GetDouble(), loss.Item);
            if (isTotal)
            {
                Tensor frames = ClariNetFrameLoss.Apply(ops, ops.Crop(speech.Audio, 1, last), ops.Crop(audio, 1, last));
                _vectors.Check("frame loss", expected.GetProperty("frame_loss_linear").GetDouble(), frames.Item);
                loss = ops.Add(loss, frames);
                _vectors.Check("total", expected.GetProperty("student_loss_total").GetDouble(), loss.Item);
            }
            tape.Backward(loss);
            _vectors.CheckGradients(student.Parameters, isTotal ? "student_gradients" : "student_gradients_kl_only");
        }
    }

    [Fact]
    public void Magnitudes_of_frames_are_the_published_ones()
    {
        var ops = new CpuOps();
        Tensor audio = ops.Take(_vectors.Tensor("audio"), [0]);
        _vectors.Check("stft_audio", ClariNetFrameLoss.Magnitudes(ops, ops.Crop(audio, 1, audio.Length - 1)));
    }

    [Fact]
    public void The_divergence_is_the_published_one_beyond_its_floors()
    {
        var ops = new CpuOps();
        Tensor Load(string name) => _vectors.Tensor(name);
        float[] value = _vectors.Array("kl_value"), regulariser = _vectors.Array("kl_reg");
        Tensor loss = s_kl.Apply(ops, Load("kl_mu_q"), Load("kl_log_q"), Load("kl_mu_p"), Load("kl_log_p"), out double divergence);
        _vectors.Check("divergence", value.Average(v => (double)v), divergence);
        _vectors.Check("with its regulariser", value.Zip(regulariser, (v, r) => v + 4.0 * r).Average(), loss.Item);
    }
}
