using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Matching;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>How likely a recording is under a voice.</summary>
/// <param name="Samples">Samples scored.</param>
/// <param name="NatsPerSample">Log-likelihood in nats per sample; higher is better.</param>
/// <param name="Parts">What each layer contributes, in nats per sample; they sum to <paramref name="NatsPerSample"/>.</param>
public sealed record Likelihood(int Samples, double NatsPerSample, IReadOnlyList<(string Layer, double Nats)> Parts)
{
    /// <summary>
    /// Standard error of <see cref="NatsPerSample"/> where a log-determinant is estimated by chance, in nats per sample; null where all are exact.
    /// </summary>
    public double? StandardError { get; init; }

    /// <summary>The mean of two or more estimates of the same, with its standard error.</summary>
    internal static Likelihood Mean(IReadOnlyList<Likelihood> estimates)
    {
        double mean = estimates.Average(e => e.NatsPerSample), variance = estimates.Sum(e => Math.Pow(e.NatsPerSample - mean, 2)) / (estimates.Count - 1);
        List<(string, double)> parts = [.. estimates[0].Parts.Select((part, i) => (part.Layer, estimates.Average(e => e.Parts[i].Nats)))];
        return new Likelihood(estimates[0].Samples, mean, parts) { StandardError = Math.Sqrt(variance / estimates.Count) };
    }
}

/// <summary>A vocoder: a flow between speech and noise, given a mel spectrogram.</summary>
public abstract partial class VocoderModel : ITrainedModel
{
    /// <summary>The kind of model, as in voice files.</summary>
    public abstract string Kind { get; }

    /// <summary>The configuration as JSON, as in voice files.</summary>
    public abstract string ConfigJson { get; }

    /// <summary>Recipe of the mels it speaks from.</summary>
    public abstract MelRecipe Recipe { get; }

    /// <summary>What its streams and scores run on. The default value is <see cref="Engine.Managed"/>; set it before the first of them.</summary>
    public Engine Engine { get; set; } = Engine.Managed;

    /// <summary>All trained values.</summary>
    public abstract ParameterSet Parameters { get; }

    /// <summary>Multiply-accumulates per second of generated audio.</summary>
    public abstract double MacsPerSecond { get; }

    /// <summary>Mel frames beyond its own that a frame of samples depends on.</summary>
    public abstract int LookAheadFrames { get; }

    /// <summary>How long after a mel frame its samples come when they are streamed, computed from the layers.</summary>
    public StreamLatency Latency => new(LookAheadFrames, Recipe);

    /// <summary>The same with passes of mel matching.</summary>
    /// <exception cref="VocoderException">Speech of the model's recipe cannot be matched, and there are passes.</exception>
    public StreamLatency LatencyWith(int matchPasses) => matchPasses == 0 ? Latency : new(LookAheadFrames + Matching.Framing.LookAhead(matchPasses), Recipe);

    /// <summary>Samples before a sample that it depends on through the networks.</summary>
    public abstract int PastSamples { get; }

    /// <summary>Whether it speaks step by step, an autoregressive teacher: orders of magnitude slower than one parallel pass.</summary>
    public virtual bool GeneratesStepByStep => false;

    /// <summary>Whether it scores recordings at all; what is only known as a graph that speaks does not.</summary>
    public virtual bool CanScore => true;

    /// <summary>Whether it scores step by step, an inverse autoregressive student.</summary>
    public virtual bool ScoresStepByStep => false;

    /// <summary>
    /// A stream that speaks. A model is loaded once and shared: any number of streams may use it at the same time, each from one thread at a time,
    /// and each has a state of its own that is small beside the weights.
    /// </summary>
    /// <exception cref="VocoderException">The options are out of range, or do not fit the voice.</exception>
    public VocoderStream NewStream(SynthesisOptions options, Parallelism parallelism)
    {
        options = options.ForStream(this);
        VocoderStream voice = CreateStream(options, parallelism);
        return options.Match is > 0 and int passes ? new MatchedStream(voice, options.PitchShift == 0 ? Matching : EnvelopeMatching, passes) : voice;
    }

    /// <summary>Passes of mel matching that suit the mel of a recording; 0 leaves its speech as the flow gave it.</summary>
    public virtual int MatchPasses => 0;

    /// <summary>A stream of the model's own speech.</summary>
    private protected abstract VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism);

    // Made when it is first asked for, once for all streams.
    private MelMatching Matching => LazyInitializer.EnsureInitialized(ref _matching, () => new MelMatching(Recipe));

    private MelMatching EnvelopeMatching => LazyInitializer.EnsureInitialized(ref _envelopeMatching, () => new MelMatching(Recipe, isEnvelope: true));

    private MelMatching? _matching, _envelopeMatching;

    /// <summary>Exact log-likelihood of a recording given a mel.</summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="audio">Samples at the recipe's rate; whole hops that the mel covers are scored.</param>
    /// <param name="parallelism">Threads.</param>
    /// <exception cref="VocoderException">There is not one whole frame to score.</exception>
    public abstract Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism);

    /// <summary>The same of a recording that need not fit into memory, where the model scores in chunks: it is read through twice.</summary>
    /// <param name="audio">Samples at the recipe's rate.</param>
    /// <param name="mel">[bands, frames]; empty for that of the recording.</param>
    /// <param name="parallelism">Threads.</param>
    /// <exception cref="VocoderException">There is not one whole frame to score, too much for the model, or the readings differ.</exception>
    /// <remarks>What looks both ways or is a plane scores in one pass: the recording is held as a whole, and may be 60 s long at most.</remarks>
    public virtual Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism)
    {
        var samples = new List<float>();
        if (ScoresInChunks) Length(audio, piece => samples.AddRange(piece));
        else
            Length(audio, piece => samples.AddRange(piece), OnePassSeconds * Recipe.SampleRate,
                "it is scored in one pass, whose memory grows with the recording");
        ReadOnlySpan<float> whole = CollectionsMarshal.AsSpan(samples);
        // Too short for a frame is too short to score, which says so.
        bool isComputed = mel.IsEmpty && whole.Length >= Recipe.HopSize;
        return Score(isComputed ? new MelSpectrogram(Recipe).Compute(whole, parallelism) : mel.Span, whole, parallelism);
    }

    /// <summary>Whether no more than the samples themselves is held of a whole recording.</summary>
    private protected virtual bool ScoresInChunks => false;

    // 3 GB of intermediate results of the published WaveGlow.
    private const int OnePassSeconds = 60;

    /// <summary>Samples of a recording, which <paramref name="watch"/> sees too.</summary>
    /// <param name="audio">The recording.</param>
    /// <param name="watch">Is handed its pieces.</param>
    /// <param name="most">Samples at most.</param>
    /// <param name="why">Why no more, for the error.</param>
    /// <exception cref="VocoderException">There are more.</exception>
    internal int Length(ISampleSource audio, Action<ReadOnlySpan<float>> watch, int most = int.MaxValue / 2,
        string why = "positions are 32-bit numbers")
    {
        int samples = 0;
        audio.ReadThrough(piece =>
        {
            if (piece.Length > most - samples)
            {
                int seconds = most / Recipe.SampleRate;
                throw new VocoderException($"the recording is longer than {seconds} s, expected less to score under a {Kind} model: {why}");
            }
            samples += piece.Length;
            watch(piece);
        });
        return samples;
    }

    // Whole hops that the mel covers.
    internal (int Frames, int Samples) WholeFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, string what)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands, frames = Math.Min(audio.Length / hop, melFrames);
        if (frames == 0)
            throw new VocoderException($"there is nothing to {what}: {audio.Length} samples and {melFrames} mel frames, expected at least {hop} and 1");
        return (frames, frames * hop);
    }

    /// <summary>
    /// A recording in latent space, under its mel and the phase that is tracked in it. <see cref="Decode"/> gives the recording back, but for rounding; whole
    /// hops that the mel covers are encoded.
    /// </summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="audio">Samples at the recipe's rate.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    /// <exception cref="VocoderException">There is not one whole frame to encode, or this kind of voice has no encoder.</exception>
    public virtual LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default) =>
        throw new VocoderException($"a voice of kind {Kind} has no encoder, expected one from a voice file");

    /// <summary>What <see cref="Encode"/> encoded, or would have if it were speech: samples at the recipe's rate, without noise of their own.</summary>
    /// <exception cref="VocoderException">Its parts do not fit each other or the model, or this kind of voice has no decoder.</exception>
    public virtual float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default) =>
        throw new VocoderException($"a voice of kind {Kind} has no decoder, expected one from a voice file");

    /// <summary>F0 and voicing as the model hears them in a mel: what it speaks with.</summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="parallelism">Threads.</param>
    /// <returns>[frames] in Hz, 0 where unvoiced; null where there is no predictor.</returns>
    public virtual float[]? PredictPitch(ReadOnlySpan<float> mel, Parallelism parallelism) => null;

    /// <summary>
    /// Exact log-likelihood frame by frame, each given all before it: nats per sample for each whole hop that the mel covers. Their mean is what
    /// <see cref="Score"/> says.
    /// </summary>
    /// <exception cref="VocoderException">There is not one whole frame to score, or the likelihood of this kind of voice does not divide into
    /// frames.</exception>
    public virtual double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) =>
        throw new VocoderException($"the likelihood of a voice of kind {Kind} does not divide into frames, expected one of kind {CompactVocoder.KindName}");
}
