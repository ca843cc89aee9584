using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>
/// Flowtron (Valle et al. 2021, arXiv 2005.05957) with the key names of its published state dictionary: flows over the frames of a mel that read a text by
/// attention. A mel becomes noise (<see cref="Forward"/>) and noise a mel (<see cref="Generate"/>); a vocoder speaks it. One text at a time, so that nothing is
/// padded.
/// </summary>
public sealed class Flowtron : ITrainedModel
{
    private readonly Tensor _speakers, _symbols;
    private readonly SequenceEncoder _encoder;
    private readonly MixturePrior? _prior;
    private readonly FlowtronStep[] _flows;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; null is <c>nvidia</c>, that of the published checkpoints.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public Flowtron(FlowtronConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal Flowtron(FlowtronConfig config, ParameterSet parameters, MelRecipe? recipe = null)
    {
        config.Validate();
        (Config, Parameters, Recipe) = (config, parameters, recipe ?? MelRecipe.ByName("nvidia"));
        _speakers = Parameters.Uniform("speaker_embedding.weight", 1f, config.Speakers, config.SpeakerChannels);
        _symbols = Parameters.Uniform("embedding.weight", 1f, config.Symbols, config.TextChannels);
        _flows = [.. Enumerable.Range(0, config.Flows).Select(
            i => new FlowtronStep(Parameters.Scope($"flows.{i}"), config.MelChannels, config.TextChannels + config.SpeakerChannels, config.Hidden,
            config.AttentionChannels, config.LstmLayers, backward: i % 2 == 1, gate: i == config.Flows - 1, config.CumulativeAttention))];
        _encoder = new SequenceEncoder(Parameters.Scope("encoder"), config.TextChannels, config.TextChannels, convolutions: 3, taps: 5);
        if (config.Components > 0) _prior = new MixturePrior(Parameters, config.MelChannels, config.Components, config.MelEncoderChannels);
    }

    /// <summary>What the model is made of.</summary>
    public FlowtronConfig Config { get; }

    /// <summary>All trained values, under the published names.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The kind of model, as in files.</summary>
    public const string KindName = "flowtron";

    /// <inheritdoc/>
    public string Kind => KindName;

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <summary>Recipe of its mels.</summary>
    public MelRecipe Recipe { get; }

    /// <summary>A text as its symbols' numbers, [1, text, n].</summary>
    /// <exception cref="VocoderException">There is no symbol, or one that the model does not know.</exception>
    public Tensor Encode(Ops ops, IReadOnlyList<int> text)
    {
        if (text.Count == 0) throw new VocoderException("the text has no symbols, expected at least 1");
        foreach (int symbol in text)
            if (symbol < 0 || symbol >= Config.Symbols)
                throw new VocoderException($"found the symbol {symbol} in the text, expected 0 to {Config.Symbols - 1}");
        return _encoder.Apply(ops, ops.Transpose(ops.Reshape(ops.Take(_symbols, [.. text]), 1, text.Count, Config.TextChannels)));
    }

    /// <summary>Normalises a mel [1, bands, t] of a text and a speaker.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="mel">The mel.</param>
    /// <param name="text">Its text as symbols' numbers.</param>
    /// <param name="speaker">Who speaks.</param>
    /// <param name="prior">A prior of the attention, [t, n, 1], or null; cumulative attention has none.</param>
    /// <exception cref="VocoderException">The text or the speaker is none that the model knows, or the mel has other bands.</exception>
    public FlowtronResult Forward(Ops ops, Tensor mel, IReadOnlyList<int> text, int speaker, Tensor? prior = null) =>
        Forward(ops, mel, text, speaker, prior, 0, 0);

    /// <summary>
    /// The same as an item of a batch whose longest text has so many symbols more, which published cumulative attention sees, and whose longest mel so many
    /// frames, which its mixture's encoder counts.
    /// </summary>
    internal FlowtronResult Forward(Ops ops, Tensor mel, IReadOnlyList<int> text, int speaker, Tensor? prior, int padding, int melPadding)
    {
        RequireBands(mel);
        Tensor told = Told(ops, text, speaker);
        var traces = new List<FlowtronTrace>();
        var mixture = _prior?.Of(ops, mel, melPadding);
        foreach (FlowtronStep flow in _flows)
        {
            (mel, FlowtronTrace trace) = flow.Forward(ops, mel, told, prior, padding);
            traces.Add(trace);
        }
        Tensor? density = mixture is { } known ? _prior!.NegativeLogDensity(ops, mel, known) : null;
        return new FlowtronResult(mel, [.. traces.Select(t => t.LogScale)], [.. traces.Select(t => t.Attention)], [.. traces.Select(t => t.AttentionLogarithm)],
            traces[^1].Gate!) { NegativeLogDensity = density };
    }

    /// <summary>
    /// Generates a mel from noise that is multiplied by σ already, [1, bands, most], which has as many frames unless the gate opens before. Frames come one
    /// after the other as they are asked for, as far as they can: the flow that is undone last streams, but every second one before it goes from the end to the
    /// beginning, and so the first frame waits for all of those.
    /// </summary>
    /// <param name="engine">What computes.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="noise">The noise.</param>
    /// <param name="text">A text as symbols' numbers.</param>
    /// <param name="speaker">Who speaks.</param>
    /// <param name="threshold">Probability at which the gate is open; 1 never.</param>
    /// <param name="temperature">Of the attention; above 1 flattens it.</param>
    /// <param name="prior">A prior of the attention, [most, n, 1], or null.</param>
    /// <exception cref="VocoderException">As for <see cref="Forward"/>.</exception>
    public IEnumerable<FlowtronFrame> Generate(Engine engine, Parallelism parallelism, Tensor noise, IReadOnlyList<int> text, int speaker, double threshold = 1,
        float temperature = 1, Tensor? prior = null)
    {
        RequireBands(noise);
        Tensor told = Told(engine.Compute(parallelism), text, speaker);
        var frames = Enumerable.Range(0, noise.Length).Select(
            t => new FlowtronFrame([.. Enumerable.Range(0, noise.Channels).Select(band => noise.Row(0, band)[t])], []));
        foreach (FlowtronStep flow in _flows.Reverse()) frames = flow.Inverse(engine, parallelism, frames, told, prior, temperature, threshold);
        return frames;
    }

    /// <summary>Speaks a text: the same with noise of a seed. Where the limit is not reached it does not matter.</summary>
    /// <param name="engine">What computes.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="text">A text as symbols' numbers.</param>
    /// <param name="options">How.</param>
    /// <exception cref="VocoderException">The text or an option does not fit the model.</exception>
    public IEnumerable<FlowtronFrame> Speak(Engine engine, Parallelism parallelism, IReadOnlyList<int> text, FlowtronOptions options)
    {
        options.Validate(Config);
        var drawn = new Tensor(1, Config.MelChannels, options.MaxFrames);
        new Philox(options.Seed).Normal(drawn, NoiseStreams.Latents, 0);
        // In the order in which the frames are generated.
        Tensor noise = Config.Flows % 2 == 0 ? Sequences.Reversed(new CpuOps(), drawn) : drawn;
        for (int band = 0; band < Config.MelChannels; band++)
            foreach (ref float z in noise.Row(0, band)) z = (options.Style?[band] ?? 0) + options.Sigma * z;
        return Generate(engine, parallelism, noise, text, options.Speaker, options.Gate, options.Temperature);
    }

    // Encoding above the speaker, the same at every position.
    private Tensor Told(Ops ops, IReadOnlyList<int> text, int speaker)
    {
        if (speaker < 0 || speaker >= Config.Speakers) throw new VocoderException($"the speaker is {speaker}, expected 0 to {Config.Speakers - 1}");
        Tensor encoded = Encode(ops, text), voice = ops.Reshape(ops.Take(_speakers, [.. text.Select(_ => speaker)]), 1, text.Count, Config.SpeakerChannels);
        return ops.Concat(encoded, ops.Transpose(voice));
    }

    private void RequireBands(Tensor mel)
    {
        if (mel.Batch != 1 || mel.Channels != Config.MelChannels || mel.Length == 0)
            throw new VocoderException(
                $"found {mel.Batch} mels of {mel.Channels} bands and {mel.Length} frames, expected one of {Config.MelChannels} bands and at least 1 frame");
    }
}
