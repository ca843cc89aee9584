using System.Runtime.ExceptionServices;
using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Streaming;

/// <summary>
/// A whole mel spoken by several threads. Each takes the next chunk and runs it through all layers, one layer behind the thread that has the chunk before:
/// what a layer remembers is handed on as soon as it is written. Nothing but that memory goes from one processor to the other,
/// where dividing the work within each layer would move all activations.
/// </summary>
internal sealed class CompactPipeline(CompactStream stream, ReadOnlyMemory<float> mel, Action<ReadOnlyMemory<float>> sink, CancellationToken cancellation)
{
    // Frames of a chunk that is shared: one word of a sentence keeps two threads busy.
    private const int SharedFrames = 16;

    private readonly int _frames = mel.Length / stream.Bands;
    private int _chunkFrames, _taken;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Speaks it all.</summary>
    public void Run(Parallelism parallelism)
    {
        _chunkFrames = parallelism.Threads == 1 ? stream.WholeChunkFrames : SharedFrames;
        int chunks = (_frames + _chunkFrames - 1) / _chunkFrames;
        parallelism.For(Math.Min(parallelism.Threads, chunks), this, static (_, in pipeline) => pipeline.Work());
        _failure?.Throw();
    }

    private void Work()
    {
        Workspace workspace = Workspace.Borrow();
        try
        {
            CompactTools tools = stream.NewTools(workspace);
            int most = Math.Min(_frames, _chunkFrames);
            float[] frames = new float[(most + stream.LookAheadFrames) * stream.Bands], samples = new float[most * stream.HopSize];
            for (int chunk; (chunk = Interlocked.Increment(ref _taken) - 1) * _chunkFrames < _frames;) Speak(tools, chunk, frames, samples);
        }
        catch (Exception e)
        {
            // The first failure is the cause; those who wait for it in vain come later.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            stream.Abandon();
        }
        Workspace.GiveBack(workspace);
    }

    private void Speak(CompactTools tools, int chunk, float[] frames, float[] samples)
    {
        cancellation.ThrowIfCancellationRequested();
        // The first chunk has the look-ahead too, so that all are a whole number of vectors long.
        int lookAhead = stream.LookAheadFrames, rendered = chunk * _chunkFrames, ready = Math.Min(_chunkFrames, _frames - rendered);
        int pushed = chunk == 0 ? 0 : rendered + lookAhead, end = rendered + ready + lookAhead;
        Span<float> next = frames.AsSpan(0, (end - pushed) * stream.Bands);
        MelColumns.Copy(mel.Span, stream.Bands, pushed, next);
        stream.Speak(tools, chunk, next, pushed, rendered, samples.AsMemory(0, ready * stream.HopSize), sink);
    }
}
