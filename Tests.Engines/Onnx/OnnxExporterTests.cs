using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Engines.Onnx;

/// <summary>What ONNX Runtime computes from an exported voice is what the voice says.</summary>
public class OnnxExporterTests
{
    [Theory]
    [InlineData("student", 0)]
    [InlineData("student", 3)]
    [InlineData("compact", 0)]
    [InlineData("compact", 1)]
    public void The_same_noise_gives_the_same_speech(string name, int match)
    {
        LoadedVoice voice = OnnxRun.Voice(name);
        var mel = OnnxRun.Mel("kathleen");
        int frames = mel.Data.Length / 80;
        float[] expected = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options with { Match = match }, new Parallelism(1));
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = match }));
        int group = ((CompactVocoder)voice.Model).Config.Group;
        var (audio, shape) = run.Run(("mel", mel.Data.ToArray(), [1, 80, frames]),
            ("noise", OnnxRun.Noise(voice.Model, frames, 0), [1, group, frames * 256 / group]))["audio"];
        Assert.Equal([1, 1, frames * 256], shape);
        double error = OnnxRun.RelativeError(audio, expected);
        TestContext.Current.SendDiagnosticMessage($"{name}, {match} passes: {error}");
        Assert.True(error < 1e-3, $"relative error {error}");
    }

    [Theory]
    [InlineData("student", -9.5f, 2)]
    [InlineData("compact", 4, 1)]
    public void Another_pitch_is_spoken_whether_it_is_an_option_or_an_input(string name, float pitch, int match)
    {
        LoadedVoice voice = OnnxRun.Voice(name);
        var mel = OnnxRun.Mel("kathleen");
        int frames = mel.Data.Length / 80, group = ((CompactVocoder)voice.Model).Config.Group;
        float[] Managed(float shift) =>
            Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options with { Match = match, PitchShift = shift }, new Parallelism(1));
        using var fix = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = match, Pitch = pitch }));
        using var free = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = match, PitchInput = true }));
        (string, float[], int[])[] inputs = [("mel", mel.Data.ToArray(), [1, 80, frames]),
            ("noise", OnnxRun.Noise(voice.Model, frames, 0), [1, group, frames * 256 / group])];
        Assert.InRange(OnnxRun.RelativeError(fix.Run(inputs)["audio"].Values, Managed(pitch)), 0, 1e-3);
        Assert.InRange(OnnxRun.RelativeError(free.Run([.. inputs, ("pitch", [pitch], [1])])["audio"].Values, Managed(pitch)), 0, 1e-3);
        // The lowest, at which harmonics lie closest.
        Assert.InRange(OnnxRun.RelativeError(free.Run([.. inputs, ("pitch", [-24], [1])])["audio"].Values, Managed(-24)), 0, 1e-3);
    }

    [Theory]
    [InlineData("student")]
    [InlineData("compact")]
    public void A_stream_cut_anywhere_says_what_one_run_says(string name)
    {
        LoadedVoice voice = OnnxRun.Voice(name);
        var mel = OnnxRun.Mel("flemishguy");
        int frames = mel.Data.Length / 80, late = voice.Model.LookAheadFrames, group = ((CompactVocoder)voice.Model).Config.Group, steps = 256 / group;
        float[] expected = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options with { Match = 0 }, new Parallelism(1));
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Streaming = true }));
        float[] state = new float[run.Inputs["state"].Dimensions[1]], noise = OnnxRun.Noise(voice.Model, frames, 0);
        var spoken = new List<float>();
        var random = new Random(3);
        for (int done = 0; done < frames + late;)
        {
            int count = Math.Min(random.Next(4) == 0 ? random.Next(1, 40) : random.Next(1, 4), frames + late - done);
            // The last frame goes on for as long as the voice looks ahead.
            float[] part = Columns(mel.Data, 80, count, i => Math.Min(done + i, frames - 1));
            float[] drawn = Columns(noise, group, count * steps, i => (done - late) * steps + i);
            var results = run.Run(("mel", part, [1, 80, count]), ("noise", drawn, [1, group, count * steps]), ("state", state, [1, state.Length]));
            spoken.AddRange(results["audio"].Values);
            state = results["next_state"].Values;
            done += count;
        }
        // What comes before the signal is silence.
        Assert.All(spoken.Take(late * 256), sample => Assert.Equal(0f, sample));
        double error = OnnxRun.RelativeError(spoken.Skip(late * 256).ToArray(), expected);
        Assert.True(error < 1e-3, $"relative error {error}");
    }

    [Theory]
    [InlineData("student", 1)]
    [InlineData("student", 4)]
    [InlineData("compact", 2)]
    public void A_stream_that_is_matched_says_what_the_managed_one_says(string name, int match)
    {
        LoadedVoice voice = OnnxRun.Voice(name);
        var mel = OnnxRun.Mel("flemishguy");
        int frames = mel.Data.Length / 80, late = voice.Model.LookAheadFrames, group = ((CompactVocoder)voice.Model).Config.Group, steps = 256 / group;
        VocoderStream managed = voice.Model.NewStream(voice.Options with { Match = match }, new Parallelism(1));
        float[] expected = new float[(frames + managed.LookAheadFrames) * 256];
        int count = managed.Push(Columns(mel.Data, 1, frames * 80, i => i % 80 * frames + i / 80), expected);
        expected = expected[..(count + managed.Flush(expected.AsSpan(count)))];
        Assert.Equal(frames * 256, expected.Length);
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Streaming = true, Match = match }));
        int delay = managed.LookAheadFrames;
        Assert.Equal($"{delay * 256}", run.Metadata["delay_samples"]);
        float[] state = new float[run.Inputs["state"].Dimensions[1]], noise = OnnxRun.Noise(voice.Model, frames, 0);
        var spoken = new List<float>();
        var random = new Random(4);
        for (int done = 0; done < frames + delay;)
        {
            int n = Math.Min(random.Next(4) == 0 ? random.Next(1, 40) : random.Next(1, 4), frames + delay - done), left = Math.Max(0, frames - done);
            float[] part = Columns(mel.Data, 80, n, i => Math.Min(done + i, frames - 1));
            float[] drawn = Columns(noise, group, n * steps, i => (done - late) * steps + i);
            var results = run.Run(("mel", part, [1, 80, n]), ("noise", drawn, [1, group, n * steps]), ("after_end", [Math.Max(0, n - left)], [1, 1]),
                ("state", state, [1, state.Length]));
            spoken.AddRange(results["audio"].Values);
            state = results["next_state"].Values;
            done += n;
        }
        Assert.All(spoken.Take(delay * 256), sample => Assert.Equal(0f, sample));
        float[] actual = [.. spoken.Skip(delay * 256)];
        Assert.InRange(OnnxRun.RelativeError(actual, expected), 0, 1e-3);
        // Both ends, where frames are mirrored.
        Assert.InRange(OnnxRun.RelativeError(actual[..2048], expected[..2048]), 0, 1e-2);
        Assert.InRange(OnnxRun.RelativeError(actual[^2048..], expected[^2048..]), 0, 1e-2);
    }

    [Fact]
    public void Signals_of_a_batch_end_where_each_ends()
    {
        LoadedVoice voice = OnnxRun.Voice("student");
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray();
        int[] lengths = [60, 53];
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Streaming = true, Match = 2 }));
        int size = run.Inputs["state"].Dimensions[1], delay = int.Parse(run.Metadata["delay_samples"]) / 256, most = lengths.Max();
        float[] noise = OnnxRun.Noise(voice.Model, most + delay, 0);
        // The items in two runs, the first of which the shorter one ends in.
        float[] Speak(params int[] items)
        {
            var spoken = new List<float>[items.Length];
            float[] state = new float[items.Length * size];
            foreach (var (from, to) in ((int, int)[])[(0, most), (most, most + delay)])
            {
                int n = to - from, batch = items.Length;
                float[] mels = [.. items.SelectMany(i => Columns(mel, 80, n, t => 30 + 20 * i + Math.Min(from + t, lengths[i] - 1)))];
                float[] drawn = Columns(noise, 64, 4 * n, t => 4 * from + t), after = [.. items.Select(i => (float)Math.Min(n, Math.Max(0, to - lengths[i])))];
                var results = run.Run(("mel", mels, [batch, 80, n]), ("noise", [.. items.SelectMany(_ => drawn)], [batch, 64, 4 * n]),
                    ("after_end", after, [batch, 1]), ("state", state, [batch, size]));
                for (int i = 0; i < batch; i++) (spoken[i] ??= []).AddRange(results["audio"].Values[(i * n * 256)..((i + 1) * n * 256)]);
                state = results["next_state"].Values;
            }
            return [.. items.Index().SelectMany(item => spoken[item.Index].Take((lengths[item.Item] + delay) * 256))];
        }
        Assert.InRange(OnnxRun.RelativeError(Speak(0, 1), [.. Speak(0), .. Speak(1)]), 0, 1e-4);
    }

    [Fact]
    public void A_batch_is_spoken_as_its_items_are()
    {
        LoadedVoice voice = OnnxRun.Voice("student");
        float[] first = OnnxRun.Mel("kathleen").Data.ToArray(), second = OnnxRun.Mel("kerstin").Data.ToArray();
        int frames = 60, a = first.Length / 80, b = second.Length / 80;
        float[] one = Columns(first, 80, frames, i => i + 40), two = Columns(second, 80, frames, i => i + 40), noise = OnnxRun.Noise(voice.Model, frames, 5);
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = 2 }));
        float[] Alone(float[] mel) => run.Run(("mel", mel, [1, 80, frames]), ("noise", noise, [1, 64, frames * 4]))["audio"].Values;
        float[] together = run.Run(("mel", [.. one, .. two], [2, 80, frames]), ("noise", [.. noise, .. noise], [2, 64, frames * 4]))["audio"].Values;
        Assert.True(OnnxRun.RelativeError(together, [.. Alone(one), .. Alone(two)]) < 1e-4);
        Assert.NotEqual(a, b);
    }

    [Fact]
    public void Without_a_noise_input_each_run_draws_its_own()
    {
        LoadedVoice voice = OnnxRun.Voice("student");
        float[] mel = OnnxRun.Mel("kathleen").Data.ToArray();
        int frames = mel.Length / 80;
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions()));
        Assert.Equal(["mel"], run.Inputs.Keys);
        float[] once = run.Run(("mel", mel, [1, 80, frames]))["audio"].Values, again = run.Run(("mel", mel, [1, 80, frames]))["audio"].Values;
        Assert.Equal(frames * 256, once.Length);
        Assert.NotEqual(once, again);
        // Its mel is that which was given, as near as that of our own synthesis is.
        float[] own = Synthesizer.Synthesize(voice.Model, mel, voice.Options with { Seed = 9 }, new Parallelism(1));
        Assert.InRange(LogMelL1(once, mel), 0.8 * LogMelL1(own, mel), 1.2 * LogMelL1(own, mel));
    }

    [Fact]
    public void It_says_what_it_is()
    {
        LoadedVoice voice = OnnxRun.Voice("student");
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { Streaming = true }));
        Assert.Equal("hifigan", run.Metadata["model_type"]);
        Assert.Equal("22050", run.Metadata["sample_rate"]);
        Assert.Equal("256", run.Metadata["hop_length"]);
        Assert.Equal("512", run.Metadata["delay_samples"]);
        Assert.Equal(voice.File!.Licence, run.Metadata["licence"]);
        Assert.Equal(voice.Model.Recipe, FlowVocoder.Features.MelRecipe.FromJson(run.Metadata["mel_recipe"]));
    }

    [Fact]
    public void A_waveglow_has_a_graph_too()
    {
        var config = new WaveGlowConfig(8, 6, 8, 2, 2, new WaveGlowWaveNetConfig(3, 32, 3));
        var model = new WaveGlow(config, seed: 4);
        // As they are made, the last layers are zero and the flows linear.
        foreach (Parameter parameter in model.Parameters.Items.Where(p => p.Name.Contains("end")))
            new Philox(7).Normal(parameter.Value.Span, 1, 0, 0);
        var voice = new LoadedVoice("tiny", "tiny", model, null);
        const int Frames = 12;
        float[] mel = new float[8 * Frames];
        new Philox(2).Normal(mel, 0, 0, 0);
        var ops = new CpuOps();
        IReadOnlyList<Tensor> noise = model.DrawNoise(ops, 0.6f, 0, 0, (int)model.SampleCount(Frames) / 8);
        float[] expected = model.Generate(ops, Tensor.From(mel, 1, 8, Frames), noise).Span.ToArray();
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Sigma = 0.6f, Match = 0 }));
        var (audio, _) = run.Run(("mel", mel, [1, 8, Frames]), ("noise", OnnxRun.Noise(model, Frames, 0), [1, 8, Frames * 32]))["audio"];
        Assert.True(OnnxRun.RelativeError(audio, expected) < 1e-4);
        using var matched = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Sigma = 0.6f, Match = 2 }));
        (audio, _) = matched.Run(("mel", mel, [1, 8, Frames]), ("noise", OnnxRun.Noise(model, Frames, 0), [1, 8, Frames * 32]))["audio"];
        expected = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Sigma = 0.6f, Match = 2 }, new Parallelism(1));
        Assert.True(OnnxRun.RelativeError(audio, expected) < 1e-4);
    }

    [Theory]
    [InlineData("euler", 2)]
    [InlineData("rk4", 1)]
    public void The_steps_of_an_equation_have_a_graph_too(string solver, int steps)
    {
        const int Frames = 20;
        var config = new CompactConfig
        {
            Flow = Flows.FlowKind.Continuous, Solver = solver, SolverSteps = steps, Flows = 1, EarlyEvery = 0, Group = 64, Layers = 2, Channels = 12,
            Kernel = 2, EncoderChannels = 8, ConditionChannels = 8, LinearPrediction = 8, PitchChannels = 8,
        };
        var model = new CompactVocoder(config, FlowVocoder.Features.MelRecipe.ByName("hifigan"), seed: 4);
        // As it is made, its last layer is zero and the equation without a network.
        foreach (Parameter parameter in model.Parameters.Items.Where(p => p.Name.Contains(".end."))) new Philox(7).Normal(parameter.Value.Span, 1, 0, 0);
        var voice = new LoadedVoice("tiny", "tiny", model, null);
        float[] mel = [.. Enumerable.Range(0, 80 * Frames).Select(i => -4 + MathF.Sin(i))];
        float[] expected = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Match = 0 }, new Parallelism(1));
        using var whole = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = 0 }));
        var (audio, _) = whole.Run(("mel", mel, [1, 80, Frames]), ("noise", OnnxRun.Noise(model, Frames, 0), [1, 64, Frames * 4]))["audio"];
        Assert.InRange(OnnxRun.RelativeError(audio, expected), 0, 1e-3);
        using var stream = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Streaming = true }));
        float[] state = new float[stream.Inputs["state"].Dimensions[1]], noise = OnnxRun.Noise(model, Frames, 0);
        var spoken = new List<float>();
        for (int done = 0; done < Frames + 2; done += 2)
        {
            float[] part = Columns(mel, 80, 2, i => Math.Min(done + i, Frames - 1)), drawn = Columns(noise, 64, 8, i => (done - 2) * 4 + i);
            var results = stream.Run(("mel", part, [1, 80, 2]), ("noise", drawn, [1, 64, 8]), ("state", state, [1, state.Length]));
            spoken.AddRange(results["audio"].Values);
            state = results["next_state"].Values;
        }
        Assert.InRange(OnnxRun.RelativeError(spoken.Skip(2 * 256).ToArray(), expected), 0, 1e-3);
    }

    [Fact]
    public void A_continuous_flow_is_solved_in_the_graph()
    {
        var config = new CompactConfig
        {
            Flow = FlowKind.Continuous, Flows = 1, Layers = 2, Channels = 8, EarlyEvery = 0, EncoderChannels = 8, ConditionChannels = 8, PitchChannels = 8,
        };
        var model = new CompactVocoder(config, FlowVocoder.Features.MelRecipe.ByName("hifigan"), seed: 5);
        // As it is made, nothing moves.
        foreach (Parameter parameter in model.Parameters.Items.Where(p => p.Value.Span.ToArray().All(x => x == 0)))
        {
            new Philox(7).Normal(parameter.Value.Span, 1, 0, 0);
            System.Numerics.Tensors.TensorPrimitives.Multiply(parameter.Value.Span, 0.1f, parameter.Value.Span);
        }
        var voice = new LoadedVoice("tiny", "tiny", model, null);
        var mel = OnnxRun.Mel("kathleen");
        int frames = mel.Data.Length / 80;
        float[] expected = Synthesizer.Synthesize(model, mel.Data, voice.Options with { Match = 1 }, new Parallelism(1));
        using var run = new OnnxRun(OnnxExporter.Export(voice, new OnnxExportOptions { NoiseInput = true, Match = 1 }));
        float[] audio = run.Run(("mel", mel.Data.ToArray(), [1, 80, frames]), ("noise", OnnxRun.Noise(model, frames, 0),
            [1, config.Group, frames * 256 / config.Group]))["audio"].Values;
        Assert.InRange(OnnxRun.RelativeError(audio, expected), 0, 1e-3);
    }

    [Fact]
    public void What_speaks_step_by_step_is_refused() =>
        Assert.Contains("step by step", Assert.Throws<VocoderException>(() => OnnxExporter.Export(OnnxRun.Voice("teacher"), new OnnxExportOptions())).Message);

    internal static float[] Columns(ReadOnlySpan<float> rows, int channels, int count, Func<int, int> place)
    {
        int length = rows.Length / channels;
        var result = new float[channels * count];
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < count; i++)
                if (place(i) is >= 0 and var from) result[c * count + i] = from < length ? rows[c * length + from] : 0;
        return result;
    }

    private static double LogMelL1(float[] audio, float[] mel)
    {
        var spectrogram = new FlowVocoder.Features.MelSpectrogram(FlowVocoder.Features.MelRecipe.ByName("hifigan"));
        float[] own = spectrogram.Compute(audio);
        return own.Zip(mel, (x, y) => Math.Abs(x - y)).Average();
    }
}
