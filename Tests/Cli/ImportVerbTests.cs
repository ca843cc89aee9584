using System.Formats.Tar;
using System.IO.Compression;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

/// <summary>Checkpoints of NVIDIA's WaveGlow on their way in, and weights on their way out.</summary>
public sealed class ImportVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_tiny", name);

    private static float[] Speak(VocoderModel model, float sigma) =>
        Synthesizer.Synthesize(model, Enumerable.Range(0, 12 * model.Recipe.Bands).Select(i => -3 + MathF.Sin(i)).ToArray(),
            new SynthesisOptions { Sigma = sigma }, new Parallelism(1));

    [Theory, InlineData("module_zip.pt"), InlineData("module_legacy.pt"), InlineData("state_dict_unfused.pt"), InlineData("state_dict.safetensors")]
    public void A_checkpoint_of_any_layout_becomes_the_same_voice(string file)
    {
        string voice = _folder["tiny.safetensors"];
        CliResult result = CliFixture.Run("import", Fixture(file), voice, "--licence", "BSD-3-Clause").Succeeds();
        Assert.StartsWith($"{voice}: waveglow of ", result.Output, StringComparison.Ordinal);
        LoadedVoice loaded = VoiceLibrary.Load(voice);
        Assert.Equal(("tiny", "waveglow", "BSD-3-Clause", 0.6f), (loaded.Name, loaded.Model.Kind, loaded.File!.Licence, loaded.Sigma));
        Assert.Matches($@"^imported by vocoder import from {file}, SHA-256 [0-9a-f]{{64}}, \d+ tensors(, iteration \d+)?$", loaded.File.Provenance);
        Assert.Equal(Speak(WaveGlowVoice.FromCheckpoint(Fixture("module_zip.pt")), 0.7f), Speak(loaded.Model, 0.7f));
        CliFixture.Run("info", voice).Succeeds();
    }

    // A tar of configuration and weights, gzipped before NeMo 1.12 or so.
    [Theory, InlineData(false), InlineData(true)]
    public void An_archive_of_NeMo_is_opened(bool zipped)
    {
        string archive = _folder["WaveGlow-22050Hz.nemo"], voice = _folder["v.safetensors"];
        void Write(string weights)
        {
            using FileStream file = File.Create(archive);
            using Stream stream = zipped ? new GZipStream(file, CompressionLevel.Fastest) : file;
            using var tar = new TarWriter(stream);
            tar.WriteEntry(Fixture("config.json"), "./model_config.yaml");
            tar.WriteEntry(Fixture("state_dict_unfused.pt"), weights);
        }
        Write("./model_weights.ckpt");
        CliFixture.Run("import", archive, voice).Succeeds();
        Assert.Equal(Speak(WaveGlowVoice.FromCheckpoint(Fixture("state_dict_unfused.pt")), 0.7f), Speak(VoiceLibrary.Load(voice).Model, 0.7f));
        Write("./other.ckpt");
        CliFixture.Run("import", archive, voice).Fails(1, $"{archive}: found no model_weights.ckpt in the archive");
        File.WriteAllBytes(archive, File.ReadAllBytes(archive)[..3000]);
        CliFixture.Run("import", archive, voice).Fails(1, archive);
    }

    [Fact]
    public void Iteration_and_sigma_are_kept()
    {
        string voice = _folder["v.safetensors"];
        CliFixture.Run("import", Fixture("module_zip.pt"), voice, "--sigma", "0.9", "--name", "old").Succeeds();
        LoadedVoice loaded = VoiceLibrary.Load(voice);
        Assert.Equal(("old", 0.9f, ImportedCheckpoint.Read(Fixture("module_zip.pt")).Iteration), (loaded.Name, loaded.Sigma, (long?)loaded.File!.Steps));
    }

    // Out again under the names that went in, bit for bit, and in once more.
    [Fact]
    public void Weights_go_back_under_the_names_of_PyTorch()
    {
        string voice = _folder["v.safetensors"], weights = _folder["state_dict.safetensors"], again = _folder["again.safetensors"];
        CliFixture.Run("import", Fixture("state_dict.safetensors"), voice).Succeeds();
        CliFixture.Run("export-weights", voice, weights).Succeeds();
        SafeTensorsFile original = SafeTensorsFile.Read(Fixture("state_dict.safetensors")), exported = SafeTensorsFile.Read(weights);
        Assert.Equal("pt", exported.Metadata["format"]);
        Assert.Equal(original.Tensors.Keys.Order(), exported.Tensors.Keys.Order());
        foreach (var (name, tensor) in original.Tensors)
        {
            Assert.Equal(tensor.Shape, exported.Tensors[name].Shape);
            Assert.Equal(tensor.Data, exported.Tensors[name].Data);
        }
        CliFixture.Run("import", weights, again).Succeeds();
        Assert.Equal(Speak(VoiceLibrary.Load(voice).Model, 1), Speak(VoiceLibrary.Load(again).Model, 1));
    }

    [Fact]
    public void What_is_no_checkpoint_of_a_WaveGlow_is_told()
    {
        string voice = _folder["v.safetensors"], other = _folder["other.safetensors"];
        CliFixture.Run("import", Fixture("module_zip.pt"), voice).Succeeds();
        CliFixture.Run("import", voice, other).Fails(1,
            $"'{voice}' is a voice already, or no checkpoint, expected that of a WaveGlow, WaveFlow, FloWaveNet, WaveNODE or ClariNet");
        CliFixture.Run("import", Fixture("gradients.safetensors"), Fixture("gradients.safetensors")).Fails(2, "is also the input");
        CliFixture.Run("import", Fixture("mel.npy"), other).Fails(1, "mel.npy");
        Assert.False(File.Exists(other));
    }

    [Fact]
    public void Denoising_is_what_the_library_does_in_files_and_pipes()
    {
        string voice = _folder["v.safetensors"], mel = _folder["m.npy"], wav = _folder["m.wav"];
        CliFixture.Run("import", Fixture("module_zip.pt"), voice).Succeeds();
        VocoderModel model = VoiceLibrary.Load(voice).Model;
        MelFile.Write(mel, [.. Enumerable.Range(0, 20 * model.Recipe.Bands).Select(i => -3 + MathF.Sin(i))], model.Recipe.Bands, 20);
        CliFixture.Run("synth", mel, wav, "--voice", voice, "--float", "--denoise", "0.5");
        var parallelism = new Parallelism(1);
        float[] speech = Synthesizer.Synthesize(model, MelFile.Read(mel, model.Recipe.Bands).Data, new SynthesisOptions { Sigma = 0.6f }, parallelism);
        float[] expected = Denoiser.Of(model, parallelism).Apply(speech, 0.5f);
        Assert.Equal(expected, AudioFile.Read(wav).ToMono());
        Assert.NotEqual(speech, expected);
        var pipes = new Piped { Input = Piped.Frames(MelFile.Read(mel, model.Recipe.Bands).Data, model.Recipe.Bands) };
        Assert.Equal(0, pipes.Run("synth", "-", "-", "--raw", "--float", "--voice", voice, "--denoise", "0.5").Code);
        Assert.Equal(expected, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(pipes.Sound).ToArray());
        // play makes of the mel, as a file or a pipe, what synth makes in 16 bits.
        string played = _folder["played.wav"];
        CliFixture.Run("synth", mel, wav, "--voice", voice, "--denoise", "0.5").Succeeds();
        foreach (string input in (string[])[mel, "-"])
        {
            new Piped { Input = Piped.Frames(MelFile.Read(mel, model.Recipe.Bands).Data, model.Recipe.Bands) }
                .Run("play", input, "--player", "wav:" + played, "--voice", voice, "--denoise", "0.5").Succeeds();
            Assert.Equal(File.ReadAllBytes(wav), File.ReadAllBytes(played));
        }
        CliFixture.Run("play", mel, "--player", "null", "--denoise", "0.5").Fails(1, "has no bias that a denoiser knows, expected a WaveGlow");
    }
}
