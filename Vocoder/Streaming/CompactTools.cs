using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>What one thread works with on a chunk of a <see cref="CompactStream"/>; nothing of it outlives the chunk.</summary>
internal sealed class CompactTools
{
    private readonly MelLinearPredictor? _predictor;
    private readonly int _bands;
    private float[] _mel = [];

    public CompactTools(CompactVocoder model, Ops ops)
    {
        (_bands, Ops) = (model.Recipe.Bands, ops);
        Latents = new Tensor[model.Stack.LatentChannels.Count];
        _predictor = model.NewPredictor();
    }

    /// <summary>Operations.</summary>
    public Ops Ops { get; }

    /// <summary>Which chunk of the signal comes next, where several threads share it.</summary>
    public int Chunk
    {
        get => (Ops as CpuOps)?.Chunk ?? Turn.Alone;
        set => ((CpuOps)Ops).Chunk = value;
    }

    /// <summary>Places for the latent parts.</summary>
    public Tensor[] Latents { get; }

    /// <summary>F0 in Hz of the frames that come in with the chunk, 0 where unvoiced.</summary>
    public List<float> F0 { get; } = [];

    /// <summary>Linear predictors of the chunk, [blocks, order].</summary>
    public float[] A { get; private set; } = [];

    /// <summary>Their gains, [blocks].</summary>
    public float[] G { get; private set; } = [];

    /// <summary>Keeps the mel frames of the chunk, with the one before it, unless it begins the signal, and the one after.</summary>
    public void Take(ReadOnlySpan<float> frames)
    {
        if (_mel.Length < frames.Length) _mel = new float[frames.Length];
        frames.CopyTo(_mel);
    }

    /// <summary>
    /// Works out the linear predictors of the frames that were taken, the first of which is number <paramref name="rendered"/> of the signal.
    /// </summary>
    public void Predict(long rendered, int frames)
    {
        if (_predictor == null) return;
        int blocks = _predictor.BlocksPerHop, taps = blocks * _predictor.Order;
        if (G.Length < frames * blocks) (A, G) = (new float[frames * taps], new float[frames * blocks]);
        ReadOnlySpan<float> Frame(int index) => _mel.AsSpan(index * _bands, _bands);
        for (int i = 0, current = rendered == 0 ? 0 : 1; i < frames; i++, current++)
            _predictor.Hop(Frame(Math.Max(0, current - 1)), Frame(current), Frame(current + 1), A.AsSpan(i * taps, taps), G.AsSpan(i * blocks, blocks));
    }
}
