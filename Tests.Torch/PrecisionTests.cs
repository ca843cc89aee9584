using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Training;
using FlowVocoder.Torch;
using FlowVocoder.Training;
using FlowVocoder.Training.Evaluation;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Torch;

/// <summary>Convolutions in bfloat16, and nothing else.</summary>
public class PrecisionTests
{
    // The next number of bfloat16 after 1 is 1 + 2^-7.
    private const float Between = 1 + 1f / 512, Next = 1 + 1f / 128;

    private static readonly Lazy<TorchEngine> s_rounding = new(() => new TorchEngine("cpu", Precision.BFloat16));

    private static TorchEngine Rounding => Libtorch.Engine is not null ? s_rounding.Value : throw new InvalidOperationException();

    private static Tensor One(float value) => Tensor.From([value], 1, 1, 1);

    [Fact]
    public void Inputs_weights_and_results_of_convolutions_have_8_bits_and_sums_have_24()
    {
        Ops ops = Rounding.Compute(), whole = Libtorch.Engine.Compute();
        float Product(Ops on, float x, float weight) => on.Read(on.Conv1d(One(x), One(weight), null))[0];
        Assert.Equal(1, Product(ops, Between, 1));
        Assert.Equal(1, Product(ops, 1, Between));
        Assert.Equal(Next, Product(ops, Next, 1));
        Assert.Equal(1 + 2f / 128, Product(ops, Next, Next)); // and not 2^-14 more
        Assert.Equal(Between, Product(whole, Between, 1));
        // 257 ones are 256 as a result, the nearest even one, and 1 as a sum with -256.
        Tensor ones = new(1, 257, 1), weight = new(1, 257, 1);
        ones.Span.Fill(1);
        weight.Span.Fill(1);
        Assert.Equal(256, ops.Read(ops.Conv1d(ones, weight, null))[0]);
        Assert.Equal(1, ops.Read(ops.Conv1d(ones, weight, One(-256)))[0]);
    }

    [Fact]
    public void All_else_is_float32()
    {
        Ops ops = Rounding.Compute();
        Tensor x = One(Between);
        Assert.Equal(Between + 1, ops.Read(ops.Add(x, One(1)))[0]);
        Assert.Equal(Between * Between, ops.Read(ops.Multiply(x, x))[0]);
        Assert.Equal(Between + 1, ops.Read(ops.Conv1d(One(1), One(1), null, add: x))[0]);
        Assert.Equal(Between, ops.Read(ops.AllPole(x, One(0), One(1)))[0]);
    }

    [Fact]
    public void Gradients_are_those_of_rounded_inputs_and_weights()
    {
        Tensor x = One(Between).AsParameter(), weight = One(Next).AsParameter();
        Ops ops = Rounding.Record();
        ops.Backward(ops.Scale(ops.Conv1d(x, weight, null), 3));
        Assert.Equal(3, weight.Grad!.Span[0]);
        Assert.Equal(3 * Next, x.Grad!.Span[0], 3f / 256);
    }

    [Fact]
    public void Speech_is_nearly_the_same_and_recordings_are_as_likely()
    {
        VoiceEngine torch = new TorchVoiceEngine(), rounding = torch.In(Precision.BFloat16);
        Assert.SkipUnless(torch.IsUsable, torch.Description);
        VocoderModel whole = torch.Put(VoiceLibrary.Load("compact"), null).Model, rounded = rounding.Put(VoiceLibrary.Load("compact"), null).Model;
        float[] mel = MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy"), 80).Data;
        float[] Speak(VocoderModel model, ulong seed) =>
            Synthesizer.Synthesize(model, mel, new SynthesisOptions { Match = 0, Seed = seed }, new Parallelism(1));
        float[] expected = Speak(whole, 0), actual = Speak(rounded, 0);
        double distance = MultiResolutionStft.Distance(expected, actual), otherNoise = MultiResolutionStft.Distance(expected, Speak(whole, 1));
        TestContext.Current.SendDiagnosticMessage($"M-STFT {distance:0.000}, of other noise {otherNoise:0.000}");
        Assert.InRange(distance, 1e-3, 0.4 * otherNoise);
        Assert.Equal(whole.Score(mel, expected, new Parallelism(1)).NatsPerSample, rounded.Score(mel, expected, new Parallelism(1)).NatsPerSample, 0.01);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Losses_fall_as_in_float32(bool distils)
    {
        TrainingConfig config = TinyCorpus.Config with { Steps = 40, Batch = 2 };
        if (distils)
            config = config with { Model = config.Model with { Flow = FlowKind.Iaf, EarlyEvery = 0, EarlySize = 0 }, Distillation = new DistillationConfig() };
        List<TrainingReport> expected = Train(config, distils, Libtorch.Engine), actual = Train(config, distils, Rounding);
        double Loss(TrainingReport report) => (distils ? report.Kl : -report.NatsPerSample) ?? 0;
        double fell = Loss(expected[0]) - Loss(expected[^1]);
        Assert.True(fell > 0.05, $"{fell}");
        Assert.Equal(Loss(expected[^1]), Loss(actual[^1]), 0.1 * fell);
        Assert.NotEqual(Loss(expected[^1]), Loss(actual[^1]));
    }

    private static List<TrainingReport> Train(TrainingConfig config, bool distils, Engine engine)
    {
        CompactVocoder model = TinyCorpus.Model(config, seed: 2), teacher = TinyCorpus.Model(config with { Model = config.Model with { Flow = FlowKind.Maf } });
        teacher.Parameters.Randomize(7, 0.1);
        ITrainingTask task = distils ? new DistillationTask(model, teacher, TinyCorpus.Data, config) : new CompactTask(model, TinyCorpus.Data, config);
        var trainer = new Trainer(task, config, new Parallelism(1), engine);
        var reports = new List<TrainingReport>();
        trainer.Initialize();
        trainer.Run(reports.Add, () => { }, CancellationToken.None);
        return reports;
    }

    [Fact]
    public void TF32_is_refused_on_a_processor()
    {
        _ = Libtorch.Engine;
        var refusal = Assert.Throws<VocoderException>(() => new TorchEngine("cpu", Precision.TF32));
        Assert.Equal("the device cpu does not compute in tf32, expected a CUDA device, or float32 or bfloat16", refusal.Message);
    }
}
