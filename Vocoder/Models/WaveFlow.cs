using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>
/// WaveFlow (Ping et al. 2020, arXiv 1912.01219) with the key names of its published state dictionary: samples are squeezed into planes of a few rows, sample
/// w·height + h into row h and column w, and flows that are autoregressive over the rows alone turn speech into noise in one pass (<see cref="Forward"/>) or
/// noise into speech row by row (<see cref="Generate"/>). After each flow the rows change places, those of the mel alike.
/// </summary>
public sealed partial class WaveFlow : VocoderModel
{
    private readonly PlaneUpsampler _upsampler;
    private readonly HeightFlow[] _flows;

    /// <summary>Creates a model with random weights, which maps speech to noise by permutations alone until it is trained or loaded.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'nvidia' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public WaveFlow(WaveFlowConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal WaveFlow(WaveFlowConfig config, ParameterSet parameters, MelRecipe? recipe)
    {
        Recipe = recipe ?? MelRecipe.ByName("nvidia") with { Bands = config.MelChannels };
        config.Validate(Recipe);
        (Config, Parameters) = (config, parameters);
        _upsampler = new PlaneUpsampler(parameters.Scope("upsample_conv"), config.UpsampleScales);
        var net = new PlaneNetConfig(config.Layers, config.Channels, config.HeightCycle);
        _flows = [.. Enumerable.Range(0, config.Flows).Select(k => new HeightFlow(parameters.Scope($"flows.{k}"), net, config.Height, config.MelChannels))];
    }

    /// <summary>What the model is made of.</summary>
    public WaveFlowConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "waveflow";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>Under the names of the published state dictionary.</remarks>
    public override ParameterSet Parameters { get; }

    /// <inheritdoc/>
    public override double MacsPerSecond =>
        Recipe.SampleRate * (_flows.Sum(flow => (double)flow.MacsPerStep) + (double)_upsampler.MacsPerFrame(Recipe.Bands) / Recipe.HopSize);

    /// <summary>
    /// Whether the published synthesis undoes the published training: it takes the mel in its natural order, which is right only where all permutations
    /// together change nothing. That is so for any even number of flows without <see cref="WaveFlowConfig.SplitHalves"/> and for a multiple of 4 with it. Here
    /// synthesis is the inverse of scoring for all of them.
    /// </summary>
    public bool HasPublishedInverse => !Config.SplitHalves || Config.Flows % 4 == 0;

    /// <summary>
    /// Normalises audio [b, 1, n] in ±1 under a mel [b, bands, f]. Samples that do not fill a column are left out, and so is what the mel has beyond the audio.
    /// </summary>
    /// <exception cref="VocoderException">The mel has other bands or is shorter than the audio, or the audio is shorter than a column or too long for one
    /// pass.</exception>
    public WaveFlowResult Forward(Ops ops, Tensor audio, Tensor mel)
    {
        RequireMel(mel);
        if (audio.Channels != 1 || audio.Batch != mel.Batch)
            throw new ArgumentException($"audio of {audio.Shape} does not go with a mel of {mel.Shape}: expected [{mel.Batch}, 1, n]", nameof(audio));
        int height = Config.Height, width = audio.Length / height;
        if (width == 0) throw new VocoderException($"audio: found {audio.Length} samples, expected at least {height}");
        if (width * (long)height > (long)mel.Length * _upsampler.Scale)
            throw new VocoderException(
                $"mel: {mel.Length} frames are {(long)mel.Length * _upsampler.Scale} samples, expected at least the audio's {width * height}");
        Tensor condition = Condition(ops, mel, width);
        Tensor x = ops.Reshape(ops.Fold(width * height == audio.Length ? audio : ops.Crop(audio, 0, width * height), height), audio.Batch * height, 1, width);
        var logDets = new Tensor[_flows.Length];
        int[] order = [.. Enumerable.Range(0, height)];
        for (int k = 0; k < _flows.Length; k++)
        {
            Tensor told = Ordered(ops, condition, order);
            x = _flows[k].Forward(ops, x, told, out logDets[k]);
            ops.Free(told);
            int[] permutation = Permutation(k);
            x = Ordered(ops, x, permutation);
            order = [.. permutation.Select(row => order[row])];
        }
        return new WaveFlowResult(x, logDets);
    }

    /// <summary>
    /// Generates audio [b, 1, height·w] from a mel [b, bands, f] and noise already multiplied by σ, [b, height, w], row by row; the last columns of a longer
    /// mel are left out.
    /// </summary>
    /// <exception cref="VocoderException">The mel has other bands, or is shorter than the noise or too long for one pass.</exception>
    public Tensor Generate(Ops ops, Tensor mel, Tensor noise)
    {
        RequireMel(mel);
        int height = Config.Height, width = noise.Length;
        if (noise.Batch != mel.Batch || noise.Channels != height)
            throw new ArgumentException($"noise has shape {noise.Shape}, expected [{mel.Batch}, {height}, w]", nameof(noise));
        if (width * (long)height > (long)mel.Length * _upsampler.Scale)
            throw new VocoderException(
                $"mel: {mel.Length} frames are {(long)mel.Length * _upsampler.Scale} samples, expected at least {width * (long)height} of noise");
        Tensor condition = Condition(ops, mel, width), x = ops.Reshape(noise, noise.Batch * height, 1, width);
        // The order in which the rows of the mel stand after all flows, undone one after the other.
        int[] order = [.. Enumerable.Range(0, height)];
        for (int k = 0; k < _flows.Length; k++) order = [.. Permutation(k).Select(row => order[row])];
        for (int k = _flows.Length - 1; k >= 0; k--)
        {
            // Each permutation is its own inverse.
            int[] permutation = Permutation(k);
            order = [.. permutation.Select(row => order[row])];
            Tensor permuted = Ordered(ops, x, permutation), told = Ordered(ops, condition, order);
            x = _flows[k].Inverse(ops, permuted, told);
            ops.Free(permuted);
            ops.Free(told);
        }
        return ops.Unfold(ops.Reshape(x, noise.Batch, height, width), height);
    }

    // Where each row comes from after flow k: from the other end, of all rows or, in the second half of the flows, of its half of them.
    private int[] Permutation(int k)
    {
        int height = Config.Height, part = Config.SplitHalves && k >= Config.Flows / 2 ? height / 2 : height;
        return [.. Enumerable.Range(0, height).Select(row => row / part * part + part - 1 - row % part)];
    }

    // Rows of planes in another order.
    private Tensor Ordered(Ops ops, Tensor planes, int[] order) =>
        ops.Take(planes, [.. Enumerable.Range(0, planes.Batch).Select(i => i / order.Length * order.Length + order[i % order.Length])]);

    // mel [b, m, f] → planes [b·height, m, width].
    private Tensor Condition(Ops ops, Tensor mel, int width)
    {
        RequireOnePass(mel.Batch, width);
        int height = Config.Height;
        Tensor upsampled = _upsampler.Apply(ops, mel), cropped = ops.Crop(upsampled, 0, width * height), turned = ops.Transpose(cropped);
        Tensor columns = ops.Reshape(turned, mel.Batch, width, height * mel.Channels), rows = ops.Transpose(columns);
        Tensor planes = ops.Reshape(rows, mel.Batch * height, mel.Channels, width);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[upsampled, cropped, turned, columns, rows]) ops.Free(done);
        return planes;
    }

    private void RequireMel(Tensor mel)
    {
        if (mel.Channels != Config.MelChannels || mel.Length == 0)
            throw new VocoderException($"mel: found {mel.Channels} bands and {mel.Length} frames, expected {Config.MelChannels} bands and at least 1 frame");
    }

    // The widest intermediate result, a row with those above it, must stay below the 2^31 elements of a tensor, with room for rounding and borders.
    private void RequireOnePass(int batch, int width)
    {
        long most = (1L << 30) / (Math.Max((long)Config.MelChannels, PlaneNetConfig.Taps * Config.Channels) * batch * Config.Height);
        if (width > most) throw new VocoderException($"found {width * (long)Config.Height} samples, expected at most {most * Config.Height} in one pass");
    }
}
