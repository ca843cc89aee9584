using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private static readonly TrainingConfig s_config = TinyCorpus.Config with { Steps = 6, LogEvery = 2, ValidateEvery = 3, SaveEvery = 3, CropFrames = 8 };
    // In so few steps the first voice may well be the better one.
    private static readonly TrainingConfig s_savedOnce = s_config with { SaveEvery = 6 };

    public TrainingRunTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private TrainingPaths Paths(string output) => new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder train --tiny");

    private static void Train(TrainingPaths paths, TrainingConfig config, bool resume = false, long stopAfter = long.MaxValue, Action<int, int>? loading = null)
    {
        using var cancellation = new CancellationTokenSource();
        TrainingRun.Train(paths, config, resume, threads: 1, loading, r =>
        {
            if (r.Step >= stopAfter) cancellation.Cancel();
        }, cancellation.Token);
    }

    private static JsonElement[] Log(TrainingPaths paths) => [.. File.ReadLines(paths.Log).Select(line => JsonDocument.Parse(line).RootElement)];

    [Fact]
    public void Writes_a_voice_that_speaks_a_checkpoint_and_a_log()
    {
        TrainingPaths paths = Paths("new/voice.safetensors");
        int loaded = 0;
        Train(paths, s_savedOnce, loading: (done, all) =>
        {
            Assert.Equal(4, all);
            Interlocked.Increment(ref loaded);
        });
        Assert.Equal(4, loaded);
        Assert.Equal(["voice.checkpoint.safetensors", "voice.log.jsonl", "voice.safetensors"],
            Directory.GetFiles(_folder["new"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));

        JsonElement[] log = Log(paths);
        Assert.Equal([2, 3, 4, 6], log.Select(line => line.GetProperty("Step").GetInt64()));
        Assert.Equal([JsonValueKind.Null, JsonValueKind.Number, JsonValueKind.Null, JsonValueKind.Number],
            log.Select(line => line.GetProperty("ValidNats").ValueKind));
        Assert.All(log, line => Assert.True(double.IsFinite(line.GetProperty("NatsPerSample").GetDouble())));

        VoiceFile file = VoiceFile.Read(paths.Output);
        Assert.Equal(("Tiny", "CC0-1.0", 6L), (file.Name, file.Licence, file.Steps));
        // Three clips of 25600 samples: 0.00097 h.
        Assert.Equal("3 recordings, 0.00 h; vocoder train --tiny", file.Provenance);
        Assert.Equal(s_savedOnce.ToJson(), file.Metadata["training"]);
        CompactVocoder voice = CompactVoice.FromFile(file);
        Assert.Equal(s_config.Model.ToJson(), voice.Config.ToJson());
        var clip = TinyCorpus.Data.Valid[0];
        float[] speech = Synthesizer.Synthesize(voice, clip.Mel, new SynthesisOptions(), new Parallelism(1));
        Assert.Equal(TinyCorpus.ValidFrames * 256, speech.Length);
        Assert.All(speech, v => Assert.True(float.IsFinite(v)));
        // Linear prediction alone brings the level of the recording within a few dB.
        double Power(float[] x) => x.Average(v => (double)v * v);
        Assert.InRange(10 * Math.Log10(Power(speech) / Power(clip.Audio)), -10, 10);
        Assert.True(double.IsFinite(voice.Score(clip.Mel, clip.Audio, new Parallelism(1)).NatsPerSample));
    }

    [Fact]
    public void A_run_starts_from_a_voice_and_refuses_one_of_another_size()
    {
        TrainingPaths first = Paths("first.safetensors"), second = Paths("second.safetensors") with { From = first.Output };
        Train(first, s_config);
        // A step too small to move a weight: what comes out is what went in.
        Train(second, s_config with { Steps = 1, Warmup = 0, LearningRate = 1e-12, FinalLearningRate = 0, Seed = 99 });
        VoiceFile before = VoiceFile.Read(first.Output), after = VoiceFile.Read(second.Output);
        foreach (var (name, tensor) in before.Tensors.Where(t => t.Key != "actnorm.0.shift"))
            Samples.Close([.. tensor.Data.Select(v => (double)v)], after.Tensors[name].Data, 1e-6, name);
        Refusal.Expect(() => Train(Paths("third.safetensors") with { From = first.Output }, s_config with { Model = s_config.Model with { Channels = 9 } }),
            first.Output, "expected the same");
    }

    [Fact]
    public void The_voice_is_made_of_the_averaged_weights_of_the_checkpoint()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        Train(paths, s_savedOnce);
        SafeTensorsFile checkpoint = SafeTensorsFile.Read(paths.Checkpoint);
        // The last touch of a voice moves this one.
        foreach (var (name, tensor) in VoiceFile.Read(paths.Output).Tensors.Where(t => t.Key != "actnorm.0.shift"))
            Samples.SameBits(checkpoint.Tensors["average." + name].Data, tensor.Data, name);
        Assert.False(checkpoint.Tensors["average.mel_encoder.0.weight"].Data.AsSpan().SequenceEqual(checkpoint.Tensors["mel_encoder.0.weight"].Data));
    }

    [Fact]
    public void A_started_run_is_not_overwritten()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        Train(paths, s_config, stopAfter: 2);
        byte[] before = File.ReadAllBytes(paths.Checkpoint);
        Refusal.Expect(() => Train(paths, s_config), paths.Checkpoint, "--resume", "--out");
        Assert.Equal(before, File.ReadAllBytes(paths.Checkpoint));
    }

    [Fact]
    public void A_resumed_run_ends_as_the_uninterrupted_one_and_so_does_its_log()
    {
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        Train(whole, s_config);
        Train(parts, s_config, stopAfter: 4);
        // As after a kill in the middle of a checkpoint, and of a line.
        string left = _folder[".parts.checkpoint.safetensors.abcdefgh.partial"], others = _folder[".other.checkpoint.safetensors.abcdefgh.partial"];
        foreach (string file in (string[])[left, others]) File.WriteAllText(file, "half");
        File.AppendAllText(parts.Log, "{\"Step\":5,\"NatsPerSample\":0}\n{\"Step\":6,\"Nats");
        Train(parts, s_config, resume: true);
        Assert.False(File.Exists(left));
        Assert.True(File.Exists(others));
        Assert.Equal(File.ReadAllBytes(whole.Output), File.ReadAllBytes(parts.Output));
        Assert.Equal(File.ReadAllBytes(whole.Checkpoint), File.ReadAllBytes(parts.Checkpoint));
        (long, double, double, string)[] Lines(TrainingPaths paths) => [.. Log(paths).Select(line => (line.GetProperty("Step").GetInt64(),
            line.GetProperty("NatsPerSample").GetDouble(), line.GetProperty("GradientNorm").GetDouble(), line.GetProperty("ValidNats").ToString()))];
        Assert.Equal([2, 3, 4, 6], Lines(parts).Select(line => line.Item1));
        Assert.Equal(Lines(whole), Lines(parts));
    }

    [Fact]
    public void A_run_killed_between_its_last_checkpoint_and_its_voice_writes_the_voice_when_resumed()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        Train(paths, s_savedOnce);
        byte[] voice = File.ReadAllBytes(paths.Output), checkpoint = File.ReadAllBytes(paths.Checkpoint);
        File.Delete(paths.Output);
        Train(paths, s_savedOnce, resume: true);
        Assert.Equal(voice, File.ReadAllBytes(paths.Output));
        Assert.Equal(checkpoint, File.ReadAllBytes(paths.Checkpoint));
    }

    [Fact]
    public void A_log_of_something_else_is_refused_by_its_line()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        Train(paths, s_config, stopAfter: 2);
        File.AppendAllText(paths.Log, "{\"x\":1}\n");
        Refusal.Expect(() => TrainingLog.Read(paths.Log), paths.Log, "line 2 is no report");
    }

    [Fact]
    public void A_log_without_a_checkpoint_is_begun_anew()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        File.WriteAllText(paths.Log, "{\"Step\":2}\nnonsense\n");
        Train(paths, s_config, stopAfter: 2);
        Assert.True(Log(paths).Single().TryGetProperty("NatsPerSample", out _));
    }

    [Fact]
    public void What_cannot_be_trained_is_told_before_anything_is_written()
    {
        TrainingPaths paths = Paths("out/voice.safetensors");
        Refusal.Expect(() => Train(paths, s_config with { Batch = 0 }), "batch is 0");
        Refusal.Expect(() => Train(paths, s_config with { Recipe = "unheard-of" }), "unheard-of");
        Refusal.Expect(() => Train(paths, s_config with { Model = s_config.Model with { Group = 60 } }), "group is 60");
        Assert.False(Directory.Exists(_folder["out"]));
        Refusal.Expect(() => Train(paths, s_config, resume: true), paths.Checkpoint);
        Refusal.Expect(() => Train(paths with { Data = _folder["nowhere"] }, s_config), _folder["nowhere"]);
        Refusal.Expect(() => Train(paths, s_config with { CropFrames = 101 }), "no recording is as long");
        Assert.Empty(Directory.GetFiles(_folder["out"]));
    }

    [Fact]
    public void Two_runs_do_not_share_a_voice()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        Train(paths, s_config, stopAfter: 2);
        bool refused = false;
        TrainingRun.Train(paths, s_config, resume: true, threads: 1, null, _ =>
        {
            Refusal.Expect(() => Train(paths, s_config, resume: true), paths.Output, $"another run writes it, process {Environment.ProcessId}");
            refused = true;
        }, CancellationToken.None);
        Assert.True(refused);
        Assert.Equal(["data", "voice.checkpoint.safetensors", "voice.log.jsonl", "voice.safetensors"], _folder.Entries());
    }

    [Fact]
    public void A_voice_that_is_there_is_not_overwritten()
    {
        TrainingPaths paths = Paths("voice.safetensors");
        File.WriteAllText(paths.Output, "precious");
        Refusal.Expect(() => Train(paths, s_config), paths.Output, "the file exists", "--out");
        Refusal.Expect(() => Train(paths with { From = paths.Output }, s_config), paths.Output, "the file exists");
        Assert.Equal("precious", File.ReadAllText(paths.Output));
        Assert.False(File.Exists(paths.Checkpoint));
    }

    [Fact]
    public void A_run_goes_on_as_the_one_it_was()
    {
        TrainingConfig maf = s_config with { Steps = 1, Model = s_config.Model with { Flow = FlowKind.Maf } },
            iaf = s_config with { Steps = 2, Model = s_config.Model with { Flow = FlowKind.Iaf } };
        TrainingPaths teacher = Paths("teacher.safetensors"), other = Paths("other.safetensors"), plain = Paths("plain.safetensors"),
            student = Paths("student.safetensors") with { Teacher = teacher.Output };
        Train(teacher, maf);
        Train(other, maf with { Seed = 5 });
        Train(plain, s_config with { Steps = 2 });
        Train(student, iaf);
        byte[] before = File.ReadAllBytes(student.Checkpoint);
        const string End = "expected the same to go on with";
        Refusal.Expect(() => Train(student with { Teacher = other.Output }, iaf with { Steps = 3 }, resume: true), student.Checkpoint,
            "with another teacher", End);
        Refusal.Expect(() => Train(plain with { Teacher = teacher.Output }, s_config, resume: true), plain.Checkpoint, "without a teacher", End);
        Refusal.Expect(() => Train(plain, s_config with { Recipe = "nvidia" }, resume: true), plain.Checkpoint, "with the recipe hifigan", End);
        Refusal.Expect(() => Train(plain, s_config with { Model = s_config.Model with { Channels = 9 } }, resume: true), plain.Checkpoint,
            "with another model", End);
        Refusal.Expect(() => Train(plain, s_config with { Steps = 1 }, resume: true), plain.Checkpoint, "2 steps are done", "found 1");
        TrainingPaths coupling = Paths("coupling.safetensors") with { Teacher = teacher.Output };
        Train(coupling, s_config with { Steps = 1 });
        Refusal.Expect(() => Train(coupling with { Teacher = null }, s_config, resume: true), coupling.Checkpoint, "with a teacher, by distill", End);
        Assert.Equal(before, File.ReadAllBytes(student.Checkpoint));
        // The line of step 0 is told once.
        Train(student, iaf with { Steps = 3 }, resume: true);
        Assert.Equal([0, 2, 3], Log(student).Select(line => line.GetProperty("Step").GetInt64()));
    }

    [Fact]
    public void A_distillation_resumed_before_its_first_step_tells_it_once()
    {
        TrainingConfig iaf = s_config with { Steps = 2, Model = s_config.Model with { Flow = FlowKind.Iaf } };
        TrainingPaths teacher = Paths("teacher.safetensors"), student = Paths("student.safetensors") with { Teacher = teacher.Output };
        Train(teacher, s_config with { Steps = 1 });
        Train(student, iaf, stopAfter: 0);
        File.AppendAllText(student.Log, "{\"Step\":1.5}\n");
        Train(student, iaf, resume: true);
        Assert.Equal([0, 2], Log(student).Select(line => line.GetProperty("Step").GetInt64()));
    }
}
