using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Training;
using FlowVocoder.Training;
using FlowVocoder.Voices;
using TorchTensor = TorchSharp.torch.Tensor;

namespace FlowVocoder.Tests.Torch;

/// <summary>What speech and training take does not grow with their length: on the processor the memory of the device is that of the process.</summary>
public class MemoryTests
{
    private const double MiB = 1 << 20;

    // Of the process, without what only waits to be collected.
    private static double Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet / MiB;
    }

    [Theory]
    [InlineData("student", 2)]
    [InlineData("compact", 0)]
    public void A_long_mel_is_spoken_in_pieces_of_which_the_last_takes_no_more_than_the_first(string name, int match)
    {
        const int Pieces = 16;
        CompactVocoder model = (CompactVocoder)VoiceLibrary.Load(name).Model;
        model.Engine = Libtorch.Engine;
        MelArray mel = MelFile.Read(Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy"), 80);
        int piece = model.Engine.ChunkFrames, frames = mel.Data.Length / 80, most = 0;
        var whole = new float[80 * Pieces * piece];
        for (int b = 0; b < 80; b++)
            for (int i = 0; i < Pieces * piece; i++) whole[(b * Pieces * piece) + i] = mel.Data[(b * frames) + (i % frames)];
        var resident = new List<double>();
        var tensors = new List<long>();
        Synthesizer.Synthesize(model, whole, new SynthesisOptions { Match = match }, new Parallelism(1), samples =>
        {
            most = Math.Max(most, samples.Length);
            resident.Add(Resident());
            tensors.Add(TorchTensor.TotalCount);
        }, TestContext.Current.CancellationToken);
        Assert.InRange(most, 1, (piece + model.LatencyWith(match).Frames) * model.Recipe.HopSize);
        Assert.True(resident.Count >= Pieces, $"{resident.Count} pieces");
        // Before the last piece comes a flush of less.
        Assert.True(tensors[^2] <= tensors[2], $"tensors after each piece: {string.Join(' ', tensors)}");
        // A piece has 65,536 samples, of each of which some hundred values are computed.
        Assert.True(resident[^2] - resident[2] < 16, $"MiB after each piece: {string.Join(' ', resident.Select(r => r.ToString("0", null)))}");
    }

    [Fact]
    public void A_thousand_steps_of_training_take_no_more_than_the_first_hundred()
    {
        TrainingConfig config = TinyCorpus.Config with { Steps = 1000, Batch = 1, CropFrames = 4, LearningRate = 1e-4 };
        config = config with { Model = config.Model with { Flows = 1 } };
        var trainer = new Trainer(new CompactTask(TinyCorpus.Model(config, seed: 2), TinyCorpus.Data, config), config, new Parallelism(1), Libtorch.Engine);
        trainer.Initialize();
        Dictionary<long, (double Resident, long Tensors)> after = [];
        trainer.Run(report =>
        {
            if (report.Step % 100 == 0) after[report.Step] = (Resident(), TorchTensor.TotalCount);
        }, () => { }, TestContext.Current.CancellationToken);
        string all = string.Join(' ', after.Values.Select(a => $"{a.Resident:0.0}/{a.Tensors}"));
        TestContext.Current.SendDiagnosticMessage($"MiB and tensors after hundreds of steps: {all}");
        Assert.Equal(10, after.Count);
        Assert.True(after[900].Tensors <= after[100].Tensors, all);
        Assert.True(after[1000].Resident - after[100].Resident < 16, all);
    }
}
