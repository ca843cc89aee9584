using FlowVocoder.Compute;
using FlowVocoder.Onnx;
using FlowVocoder.Streaming;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.OnnxRuntime;

/// <summary>A stream through a streaming graph: its state goes out of one run and into the next, in two arrays that take turns.</summary>
internal sealed class OnnxStream : VocoderStream
{
    private static readonly string[] s_inputs = ["mel", "noise", StreamMemory.InputName], s_outputs = ["audio", StreamMemory.OutputName];
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly Philox _noise;
    private readonly IReadOnlyList<int> _parts;
    private readonly int _steps, _group;
    private readonly float[] _last;
    private float[] _state, _nextState;
    private float[] _mel = [], _drawn = [], _audio = [];

    public OnnxStream(OnnxVocoder model, SynthesisOptions options, InferenceSession session) : base(model, options)
    {
        (_session, _noise, _parts, _group) = (session, new Philox(options.Seed), model.Inner.Stack.LatentChannels, model.Inner.Config.Group);
        (_steps, _last) = (HopSize / _group, new float[Bands]);
        int size = session.InputMetadata[StreamMemory.InputName].Dimensions[1];
        (_state, _nextState) = (new float[size], new float[size]);
    }

    private protected override void Clear()
    {
        Array.Clear(_state);
        Array.Clear(_last);
    }

    private protected override void Render(ReadOnlySpan<float> frames, int ready, Span<float> samples)
    {
        frames[^Bands..].CopyTo(_last);
        Run(frames, frames.Length / Bands, FramesPushed, samples);
    }

    /// <inheritdoc/>
    /// <remarks>As if the last frame went on.</remarks>
    private protected override void RenderRest(int ready, Span<float> samples)
    {
        float[] tail = new float[LookAheadFrames * Bands];
        for (int i = 0; i < LookAheadFrames; i++) _last.CopyTo(tail, i * Bands);
        Run(tail, LookAheadFrames, FramesPushed, samples);
    }

    private protected override void ExchangeState(StateExchange state)
    {
        state.Values(_state);
        state.Values(_last);
    }

    // As many frames come out as go in, late by the look-ahead; those before the signal are not asked for.
    private void Run(ReadOnlySpan<float> frames, int count, long pushed, Span<float> samples)
    {
        Reserve(ref _mel, count * Bands);
        Reserve(ref _drawn, count * _steps * _group);
        Reserve(ref _audio, count * HopSize);
        for (int i = 0; i < count; i++)
            for (int b = 0; b < Bands; b++) _mel[b * count + i] = frames[i * Bands + b];
        Draw((pushed - LookAheadFrames) * _steps, count * _steps);
        OrtMemoryInfo memory = OrtMemoryInfo.DefaultInstance;
        using OrtValue mel = OrtValue.CreateTensorValueFromMemory(memory, _mel.AsMemory(0, count * Bands), [1, Bands, count]);
        using OrtValue noise = OrtValue.CreateTensorValueFromMemory(memory, _drawn.AsMemory(0, count * _steps * _group), [1, _group, count * _steps]);
        using OrtValue state = OrtValue.CreateTensorValueFromMemory(memory, _state.AsMemory(), [1, _state.Length]);
        using OrtValue audio = OrtValue.CreateTensorValueFromMemory(memory, _audio.AsMemory(0, count * HopSize), [1, 1, count * HopSize]);
        using OrtValue next = OrtValue.CreateTensorValueFromMemory(memory, _nextState.AsMemory(), [1, _nextState.Length]);
        _session.Run(_run, s_inputs, [mel, noise, state], s_outputs, [audio, next]);
        (_state, _nextState) = (_nextState, _state);
        _audio.AsSpan(count * HopSize - samples.Length, samples.Length).CopyTo(samples);
    }

    // The numbers that managed synthesis draws for these steps; what lies before the signal is never heard.
    private void Draw(long start, int steps)
    {
        Span<float> noise = _drawn.AsSpan(0, steps * _group);
        int before = (int)Math.Clamp(-start, 0, steps), row = 0;
        for (int part = 0; part < _parts.Count; part++)
            for (int c = 0; c < _parts[part]; c++, row++)
            {
                Span<float> values = noise.Slice(row * steps, steps);
                values[..before].Clear();
                if (before < steps) _noise.Normal(values[before..], (uint)part, (uint)c, start + before);
            }
        System.Numerics.Tensors.TensorPrimitives.Multiply(noise, Options.Sigma, noise);
    }

    private static void Reserve(ref float[] values, int count)
    {
        if (values.Length < count) values = new float[count];
    }
}
