using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>
/// A vocoder from an .onnx file, ours or another's: one input, a mel [1, bands, T], and its first output, hop · T samples. Streams speak it in windows with a
/// stretch of mel on either side, which for convolutional vocoders of the family of HiFi-GAN is wider than they see.
/// </summary>
internal sealed class OnnxFileVocoder : VocoderModel, IWindowedModel
{
    // HiFi-GAN V1 sees some 13 frames on either side.
    private const int Context = 20;
    private readonly OnnxSessions _sessions;
    private readonly string _input, _output;
    private readonly bool _isCompact;

    private OnnxFileVocoder(OnnxSessions sessions, InferenceSession session, MelRecipe recipe)
    {
        (_sessions, Recipe) = (sessions, recipe);
        (_input, _output) = (session.InputMetadata.Keys.Single(), session.OutputNames[0]);
        _isCompact = session.ModelMetadata.CustomMetadataMap.TryGetValue("kind", out string? kind) && kind == CompactVocoder.KindName;
    }

    /// <inheritdoc/>
    public override string Kind => "onnx";

    /// <inheritdoc/>
    public override string ConfigJson => "{}";

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>None that can be trained here.</remarks>
    public override ParameterSet Parameters { get; } = new();

    /// <inheritdoc/>
    /// <remarks>A file does not say.</remarks>
    public override double MacsPerSecond => double.NaN;

    /// <inheritdoc/>
    public override int LookAheadFrames => Context;

    /// <inheritdoc/>
    public override int PastSamples => Context * Recipe.HopSize;

    /// <summary>Opens a file.</summary>
    /// <exception cref="VocoderException">It cannot be read, is no ONNX graph, or is no vocoder.</exception>
    public static OnnxFileVocoder Load(string path, string? device)
    {
        var sessions = new OnnxSessions(() => Read(path), device);
        InferenceSession session = sessions.With(1);
        try
        {
            if (session.InputMetadata.Count != 1)
                throw new VocoderException($"{path}: the graph has {session.InputMetadata.Count} inputs ({string.Join(", ", session.InputMetadata.Keys)}), "
                    + "expected one, a mel [1, bands, frames]");
            int[] shape = session.InputMetadata.Values.Single().Dimensions;
            if (shape.Length != 3 || shape[1] < 1)
                throw new VocoderException(
                    $"{path}: the input has shape [{string.Join(", ", shape)}], expected a mel [1, bands, frames] with a known number of bands");
            return new OnnxFileVocoder(sessions, session, RecipeOf(session, path, shape[1]));
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long ContextStart(long frame) => Math.Max(0, frame - Context);

    /// <inheritdoc/>
    public Tensor Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(mel.Span.ToArray(), [1, mel.Channels, mel.Length]);
        using var run = new RunOptions();
        int threads = _isCompact ? OnnxVocoder.Threads(ops.Parallelism) : ops.Parallelism.Threads;
        using var results = _sessions.With(threads).Run(run, [_input], [input], [_output]);
        ReadOnlySpan<float> audio = results[0].GetTensorDataAsSpan<float>();
        if (audio.Length != mel.Length * Recipe.HopSize)
            throw new VocoderException($"the graph makes {audio.Length} samples of {mel.Length} frames, expected {Recipe.HopSize} of each");
        Tensor result = ops.Rent(1, 1, audio.Length);
        audio.CopyTo(result.Span);
        return result;
    }

    /// <inheritdoc/>
    public override bool CanScore => false;

    /// <inheritdoc/>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) =>
        throw new VocoderException("a graph from a file only speaks, expected a voice that scores");

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new WindowedStream(this, options, parallelism);

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VocoderException($"cannot read '{path}': {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    // Ours say what they expect; others are taken for vocoders of HiFi-GAN's mels.
    private static MelRecipe RecipeOf(InferenceSession session, string path, int bands)
    {
        var metadata = session.ModelMetadata.CustomMetadataMap;
        MelRecipe recipe = metadata.TryGetValue("mel_recipe", out string? json) ? MelRecipe.FromJson(json) : MelRecipe.ByName("hifigan");
        return recipe.Bands == bands ? recipe : throw new VocoderException(
            $"{path}: the mel has {bands} bands, expected {recipe.Bands} as in recipe {recipe.Name}");
    }
}
