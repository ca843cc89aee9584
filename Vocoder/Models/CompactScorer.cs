using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// The likelihood of a recording under a <see cref="CompactVocoder"/>, in chunks, as in a stream that speaks. Chunks have a length of their own, so that the
/// sums are the same however the recording comes in.
/// </summary>
internal sealed class CompactScorer
{
    private const int ChunkFrames = 128;

    private readonly CompactVocoder _model;
    private readonly IFlowPass _pass;
    private readonly PhaseStream? _phaseStream;
    private readonly float[] _f0, _last;
    private readonly int _frames;
    // What waits: mel frames that have not gone in, samples and their phases.
    private float[] _mel = [], _audio = [], _phase = [];
    private int _melCount, _audioCount, _phaseCount, _done;
    private readonly List<string> _layers = [];
    private readonly List<double> _logDets = [];
    private double _squares;

    /// <summary>Begins a recording.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pass">The way through its flow.</param>
    /// <param name="samples">Samples to come.</param>
    /// <param name="melFrames">Mel frames to come.</param>
    /// <param name="f0">[melFrames] Hz, 0 where unvoiced; empty for a model without phase.</param>
    /// <exception cref="VocoderException">There is not one whole frame to score.</exception>
    public CompactScorer(CompactVocoder model, IFlowPass pass, int samples, int melFrames, float[] f0)
    {
        int hop = model.Recipe.HopSize;
        _frames = Math.Min(samples / hop, melFrames);
        if (_frames == 0)
            throw new VocoderException($"there is nothing to score: {samples} samples and {melFrames} mel frames, expected at least {hop} and 1");
        (_model, _pass, _f0, _last) = (model, pass, f0, new float[model.Recipe.Bands]);
        if (model.Phase != null) _phaseStream = new PhaseTracker(model.Recipe).NewStream(f0);
    }

    private int Bands => _model.Recipe.Bands;

    private int Hop => _model.Recipe.HopSize;

    // The first chunk takes the look-ahead too.
    private int Ahead => _done == 0 ? _model.LookAheadFrames : 0;

    /// <summary>Takes in the next frames, [n, bands], and the next samples; neither need fit the other.</summary>
    public void Push(ReadOnlySpan<float> frames, ReadOnlySpan<float> samples)
    {
        if (_done == _frames) return;
        FrameQueue.Append(ref _mel, ref _melCount, frames);
        if (!frames.IsEmpty) frames[^Bands..].CopyTo(_last);
        FrameQueue.Append(ref _audio, ref _audioCount, samples);
        _phaseStream?.Push(samples, FrameQueue.Extend(ref _phase, ref _phaseCount, _phaseStream.Count(samples.Length)));
        while (_frames - _done > ChunkFrames && HasComeFor(ChunkFrames)) Score(ChunkFrames);
    }

    /// <summary>Ends the recording.</summary>
    /// <exception cref="VocoderException">Less came than was said.</exception>
    public Likelihood Finish()
    {
        // Both queues lose the same, so that they differ by what the low-pass held back.
        _phaseStream?.Flush(FrameQueue.Extend(ref _phase, ref _phaseCount, _audioCount - _phaseCount));
        // Beyond its end the last frame goes on.
        while (_melCount / Bands < _frames - _done + Ahead) FrameQueue.Append(ref _mel, ref _melCount, _last);
        while (_done < _frames)
        {
            int count = Math.Min(ChunkFrames, _frames - _done);
            if (!HasComeFor(count)) throw new VocoderException("the recording is shorter than it was: it has changed while it was read");
            Score(count);
        }
        return Result();
    }

    private Likelihood Result()
    {
        int samples = _frames * Hop;
        List<(string, double)> parts = [.. _layers.Zip(_logDets, (layer, logDet) => (layer, logDet / samples))];
        parts.Add(("z", -0.5 * _squares / samples - CompactVocoder.HalfLog2Pi));
        return new Likelihood(samples, parts.Sum(p => p.Item2), parts);
    }

    private bool HasComeFor(int frames) => _melCount / Bands >= frames + Ahead && _audioCount >= frames * Hop
        && (_phaseStream == null || _phaseCount >= frames * Hop);

    private void Score(int frames)
    {
        int given = (frames + Ahead) * Bands, samples = frames * Hop;
        Told told = _phaseStream == null ? new(_mel.AsSpan(0, given), [], [])
            : new(_mel.AsSpan(0, given), _phase.AsSpan(0, samples), _f0.AsSpan(_done, frames));
        FlowStretch stretch = _pass.Forward(told, _audio.AsSpan(0, samples));
        for (int i = 0; i < stretch.LogDets.Count; i++)
        {
            if (_done == 0)
            {
                _layers.Add(stretch.LogDets[i].Layer);
                _logDets.Add(0);
            }
            _logDets[i] += stretch.LogDets[i].LogDet;
        }
        _squares += stretch.Squares;
        FrameQueue.Remove(_mel, ref _melCount, given);
        FrameQueue.Remove(_audio, ref _audioCount, samples);
        if (_phaseStream != null) FrameQueue.Remove(_phase, ref _phaseCount, samples);
        _done += frames;
    }
}
