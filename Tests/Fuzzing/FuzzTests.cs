using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Models;
using FlowVocoder.Tests.Streaming;
using FlowVocoder.Tests.Training;
using FlowVocoder.Tests.Voices;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Fuzzing;

/// <summary>
/// Damaged files end in success or in the project's own error, in time and memory that follow their size. More of them:
/// <c>FLOWVOCODER_FUZZ=100000 dotnet test -c Release Tests --filter FullyQualifiedName~Fuzz</c>; a failure names its seed.
/// </summary>
public class FuzzTests
{
    private const int Bands = 80, SeedsAtOnce = 5000;
    // What a reader may take whatever the size: buffers, tables of the recipe, a model of a few layers.
    private const long Slack = 64 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("FLOWVOCODER_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture,
        out int count) ? count : SeedsAtOnce;

    private static void Fuzz(byte[] good, int head, Action<byte[]> read, Func<byte[], byte[]>? finish = null)
    {
        finish ??= static bytes => bytes;
        read(good);
        int refused = 0;
        for (int seed = 0; seed < Count; seed++)
        {
            byte[] mutant = finish(Mutants.Of(good, seed, head));
            // Other work on the machine may make one try slow, not three.
            TimeSpan took = TimeSpan.MaxValue;
            for (int tries = 0; tries < 3 && took > s_patience; tries++)
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
                try
                {
                    read(mutant);
                }
                catch (VocoderException e)
                {
                    if (tries == 0) refused++;
                    Assert.False(e.Message.Contains('\n', StringComparison.Ordinal), $"seed {seed}: more than a line: {e.Message}");
                }
                catch (Exception e)
                {
                    Assert.Fail($"seed {seed}: {e}");
                }
                took = Stopwatch.GetElapsedTime(start);
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                Assert.True(allocated < 50L * mutant.Length + Slack, $"seed {seed}: {allocated} bytes for {mutant.Length}");
            }
            Assert.True(took <= s_patience, $"seed {seed} took {took}");
        }
        // Mutants that all pass, or all fail at once, test nothing.
        Assert.InRange(refused, Count / 10, Count);
    }

    private static MemoryStream Of(byte[] bytes) => new(bytes, writable: false);

    [Fact]
    public void Mels() => Fuzz(NpyBytes.Floats("(80, 20)", StreamRuns.Mel(20, Bands, 1)), 128, bytes => MelFile.Read(Of(bytes), "a.npy", Bands));

    [Theory]
    [InlineData(WavFormat.Pcm16), InlineData(WavFormat.Float32)]
    public void Recordings(WavFormat format)
    {
        using var folder = new TempFolder();
        WavFile.Write(folder["a.wav"], Voiced.Speech(2000, 120, 1), 22050, format);
        Fuzz(File.ReadAllBytes(folder["a.wav"]), 60, bytes => WavReader.Read(Of(bytes), "a.wav").ToMono());
    }

    [Theory, InlineData("chirp.opus"), InlineData("six.opus")]
    public void Opus(string name)
    {
        byte[] good = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "recordings", name));
        // Decoders drop pages with a wrong checksum; hostile ones have the right one.
        Fuzz(good, 200, bytes => AudioFile.Read(Of(bytes), name), bytes =>
        {
            RecordingFormatTests.SetOggChecksums(bytes);
            return bytes;
        });
    }

    // Tags, chunks before and behind the samples, sizes that were never filled in.
    [Theory]
    [InlineData("RIFF", 0u), InlineData("BW64", uint.MaxValue)]
    public void Recordings_of_streaming_writers(string magic, uint size)
    {
        byte[] samples = WavBytes.S16([.. Enumerable.Range(0, 1500).Select(i => (short)(i * 37 % 2000))]),
            tag = [.. "ID3"u8, 4, 0, 0, 0, 0, 0, 10, .. new byte[10]];
        byte[] wav = WavBytes.Riff([WavBytes.Chunk("ds64", new byte[28]), WavBytes.Chunk("LIST", [1, 2, 3])[..^1], WavBytes.Fmt(1, 1, 22050, 16),
            WavBytes.Chunk("data", samples, size), WavBytes.Chunk("LIST", new byte[20]), WavBytes.Chunk("id3 ", new byte[7])], size, magic);
        Assert.Equal(1500, AudioFile.Read(Of([.. tag, .. wav]), "a.wav").Length);
        Fuzz([.. tag, .. wav], 110, bytes => AudioFile.Read(Of(bytes), "a.wav").ToMono());
    }

    private static byte[] Voice(VocoderModel model)
    {
        using var stream = new MemoryStream();
        VoiceFile.Of(model, "fuzz", "CC0", "a test", 3, new Dictionary<string, string>()).Write(stream);
        return stream.ToArray();
    }

    private static int HeaderOf(byte[] safetensors) => 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(safetensors);

    // The length in front again tells where the header ends, so that one that was changed is read.
    private static byte[] WithHeaderLength(byte[] bytes, byte[] good)
    {
        if (bytes.Length >= 16) BinaryPrimitives.WriteInt64LittleEndian(bytes, Math.Max(2, HeaderOf(good) - 8 + bytes.Length - good.Length));
        return bytes;
    }

    private static void Load(byte[] bytes)
    {
        VoiceFile file = VoiceFile.Read(Of(bytes), "a.safetensors");
        if (file.Model == WaveGlow.KindName) WaveGlowVoice.FromFile(file);
        else CompactVoice.FromFile(file);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Voices_of_the_compact_kind(bool rightLength)
    {
        byte[] good = Voice(CompactModels.Create(CompactModels.Small with { Flows = 2, Layers = 1 }));
        Fuzz(good, HeaderOf(good), Load, rightLength ? bytes => WithHeaderLength(bytes, good) : null);
    }

    [Fact]
    public void Checkpoints_of_torch()
    {
        // As torch.save writes it, and small enough that most of it is structure.
        byte[] good = new PickleBuilder().Tensor("t", "FloatStorage", 4, 0, [2, 2], [2, 1]).Tensor("u", "FloatStorage", 4, 1, [3], [1]).Raw("u.")
            .Zip(new byte[16]);
        Fuzz(good, good.Length, bytes => TorchCheckpoint.Read(Of(bytes), "a.pt"));
    }

    [Fact]
    public void Checkpoints_of_a_training()
    {
        using var folder = new TempFolder();
        TrainingConfig config = TinyCorpus.Config;
        CompactVocoder model = TinyCorpus.Model(config);
        var trainer = new Trainer(new CompactTask(model, TinyCorpus.Data, config), config, new Parallelism(1));
        string path = folder["a.checkpoint.safetensors"];
        Checkpoint.Save(path, trainer, model.Parameters, new SavedRun(config, 0, "A", "B", "C", ""));
        byte[] good = File.ReadAllBytes(path);
        Fuzz(good, HeaderOf(good), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            SavedRun run = Checkpoint.ReadRun(path);
            run.Config.Validate();
            Checkpoint.Load(path, trainer, model.Parameters);
            Assert.True(run.Step >= 0 && trainer.Step >= 0);
        });
    }

    public static TheoryData<int, int> Streams => new() { { 0, 0 }, { 1, 0 }, { 2, 0 }, { 0, 2 }, { 3, 0 } };

    private static VocoderModel StreamModel(int kind) => kind switch
    {
        0 => CompactModels.Create(CompactModels.Small with { Flows = 2, Layers = 1 }),
        1 => CompactModels.Create(CompactModels.Small with { Flow = FlowVocoder.Flows.FlowKind.Maf, Group = 32, Flows = 1, EarlyEvery = 0, EarlySize = 0 }),
        2 => CompactModels.Create(CompactModels.Small with { Harmonics = [], LinearPrediction = 0, LookAhead = 1 }),
        _ => WaveGlowTests.Shaken(WaveGlowTests.Configurations().First().Data),
    };

    // Forged states have a right length and a right hash: only their contents can give them away.
    [Theory, MemberData(nameof(Streams))]
    public void States_of_streams(int kind, int match)
    {
        const int Head = 12, Body = Head + 32;
        VocoderModel model = StreamModel(kind);
        int bands = model.Recipe.Bands, hop = model.Recipe.HopSize;
        var options = new SynthesisOptions { Match = match };
        float[] mel = StreamRuns.Mel(24, bands, 2);
        VocoderStream saved = model.NewStream(options, new Parallelism(1));
        saved.Push(mel, new float[24 * hop]);
        using var state = new MemoryStream();
        saved.SaveState(state);
        byte[] good = state.ToArray();
        VocoderStream stream = model.NewStream(options, new Parallelism(1));
        var random = new Random(7);
        var samples = new float[64 * hop];
        byte[] Finish(byte[] bytes)
        {
            if (bytes.Length < Body || random.Next(4) == 0) return bytes;
            good.AsSpan(0, Head).CopyTo(bytes);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), bytes.Length - Body);
            SHA256.HashData(bytes.AsSpan(Body)).CopyTo(bytes, Head);
            return bytes;
        }
        Fuzz(good, good.Length, bytes =>
        {
            stream.Reset();
            stream.Push(mel.AsSpan(0, 3 * bands), samples);
            byte[] before = Saved(stream);
            try
            {
                stream.RestoreState(Of(bytes));
            }
            catch (VocoderException)
            {
                Assert.Equal(before, Saved(stream));
                throw;
            }
            int written = stream.Push(mel.AsSpan(0, 2 * bands), samples);
            written += stream.Flush(samples.AsSpan(written));
            foreach (float sample in samples.AsSpan(0, written)) Assert.True(float.IsFinite(sample));
        }, Finish);
    }

    private static byte[] Saved(VocoderStream stream)
    {
        using var state = new MemoryStream();
        stream.SaveState(state);
        return state.ToArray();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Pipes(bool isNpy)
    {
        float[] mel = StreamRuns.Mel(20, Bands, 3);
        byte[] good = isNpy ? NpyBytes.Floats("(80, 20)", mel) : [.. mel.SelectMany(BitConverter.GetBytes)];
        VocoderModel model = StreamModel(2);
        VocoderStream stream = model.NewStream(new SynthesisOptions(), new Parallelism(1));
        Fuzz(good, isNpy ? 128 : good.Length, bytes =>
        {
            stream.Reset();
            StreamedSpeech.Speak(MelFrames.Open(new ForwardOnlyStream(Of(bytes)), "a pipe", Bands), stream, 4, static ready =>
            {
                foreach (float sample in ready) Assert.True(float.IsFinite(sample));
            }, CancellationToken.None);
        });
    }

    [Theory]
    [InlineData("""{"group":64,"group":64}"""), InlineData("""{"\ud800":1}"""), InlineData("""{"flow":"\ud800"}"""), InlineData("""{"flows":64,"layers":64,"cycle":8,"channels":1024}""")]
    [InlineData("""{"flows":1e400}"""), InlineData("""{"harmonics":[1,2,"\udc00"]}"""), InlineData("""{"encoder_channels":1024,"condition_channels":1024}""")]
    public void A_configuration_of_a_voice_costs_no_more_than_its_tensors(string config)
    {
        byte[] good = Voice(CompactModels.Create(CompactModels.Small));
        VoiceFile file = VoiceFile.Read(Of(good), "a");
        foreach (string recipe in (string[])[file.Recipe, file.Recipe.Replace("\"bands\": 80", "\"bands\": 1048576", StringComparison.Ordinal)
            .Replace("\"fftSize\": 1024", "\"fftSize\": 1048576", StringComparison.Ordinal)])
        {
            using var stream = new MemoryStream();
            SafeTensorsFile.Write(stream, file.Tensors, new Dictionary<string, string>(file.Metadata) { ["config"] = config, ["recipe"] = recipe });
            long before = GC.GetAllocatedBytesForCurrentThread();
            Refusal.Expect(() => Load(stream.ToArray()), "a.safetensors");
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50 * stream.Length + Slack);
        }
    }

    [Theory]
    [InlineData(64, 64, 1024), InlineData(2, 20, 4096), InlineData(256, 1, 4096)]
    public void A_configuration_of_a_waveglow_costs_no_more_than_its_tensors(int flows, int layers, int channels)
    {
        string config = $$"""{"n_mel_channels":80,"n_flows":{{flows}},"n_group":8,"n_early_every":300,"n_early_size":0,"WN_config":{"n_layers":{{Math.Min(20, layers)}},"n_channels":{{channels}},"kernel_size":3} }""";
        using var stream = new MemoryStream();
        VoiceFile voice = VoiceFile.Read(Of(Voice(CompactModels.Create(CompactModels.Small))), "a");
        SafeTensorsFile.Write(stream, voice.Tensors, new Dictionary<string, string>(voice.Metadata) { ["model"] = WaveGlow.KindName, ["config"] = config,
            ["recipe"] = MelRecipe.ByName("nvidia").ToJson() });
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal.Expect(() => Load(stream.ToArray()), "a.safetensors", "asks for more than there is");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50 * stream.Length + Slack);
    }

    // 44 bytes that claim a gigabyte.
    [Fact]
    public void A_state_that_claims_much_takes_little()
    {
        byte[] state = [.. "FVSS"u8, 2, 0, 0, 0, 0, 0, 0, 0x40, .. new byte[32]];
        VocoderStream stream = StreamModel(2).NewStream(new SynthesisOptions(), new Parallelism(1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal.Expect(() => stream.RestoreState(Of(state)), "it ends early");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData(3.4e38f), InlineData(-3.4e38f), InlineData(100f), InlineData(1e6f)]
    public void A_mel_value_beyond_all_sound_is_refused_everywhere_and_leaves_the_stream(float value)
    {
        VocoderModel model = StreamModel(0);
        int hop = model.Recipe.HopSize;
        float[] mel = StreamRuns.Mel(12, Bands, 4), bad = [.. mel.AsSpan(0, Bands)];
        bad[33] = value;
        foreach (int match in (int[])[0, 1])
        {
            var options = new SynthesisOptions { Match = match };
            VocoderStream stream = model.NewStream(options, new Parallelism(1));
            var samples = new float[12 * hop];
            stream.Push(mel.AsSpan(0, 4 * Bands), samples);
            byte[] before = Saved(stream);
            Refusal.Expect(() => stream.Push(bad, samples), "mel frame 4", "band 33", "expected the logarithm of a sound");
            Assert.Equal(before, Saved(stream));
            Refusal.Expect(() => Synthesizer.Synthesize(model, bad, options, new Parallelism(1)), "mel frame 0", "band 33");
        }
    }
}
