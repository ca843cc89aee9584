using System.Runtime.CompilerServices;

namespace FlowVocoder.Streaming;

public abstract partial class VocoderStream
{
    /// <summary>
    /// Most frames that <see cref="SpeakAsync"/> renders in one go. The default value is 4: some milliseconds of work, which cost little more than
    /// their part of a long chunk.
    /// </summary>
    public virtual int StepFrames => 4;

    /// <summary>
    /// Speaks frames as they come: each is rendered as soon as the look-ahead allows, and the end of the frames ends the signal. The work is done
    /// while the receiver waits for the next buffer, never ahead of it.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A step, at most <see cref="StepFrames"/> frames, is one work item of the thread pool, and the next one is put at the end of the pool's queue.
    /// So any number of streams of one model share the processors fairly, however much each of them has waiting; give them one thread each
    /// (<c>new Parallelism(1)</c>), because steps of several streams keep all processors busy.
    /// </para>
    /// <para>
    /// Frames that another part of the program makes come through a <see cref="System.Threading.Channels.Channel{T}"/>, whose reader gives them by
    /// <c>ReadAllAsync</c>. Between two buffers the stream may be saved; after cancellation it stands where it was stopped.
    /// </para>
    /// </remarks>
    /// <param name="frames">Mel frames, [n, bands] each, one or more at a time. Its exceptions pass through.</param>
    /// <param name="cancellation">Stops before the next step, and stops waiting for frames, whether or not <paramref name="frames"/> heeds it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="VocoderException">A value is NaN or infinite; its step is not taken, those before have been.</exception>
    /// <exception cref="ArgumentException">No whole number of frames.</exception>
    public IAsyncEnumerable<SpeechBuffer> SpeakAsync(IAsyncEnumerable<ReadOnlyMemory<float>> frames, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(frames);
        return Speak(frames, cancellation);
    }

    private async IAsyncEnumerable<SpeechBuffer> Speak(IAsyncEnumerable<ReadOnlyMemory<float>> frames, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var source = new CancellableFrames(frames, cancellation);
        while (await source.MoveNextAsync().ConfigureAwait(false))
        {
            ReadOnlyMemory<float> rest = source.Current;
            while (!rest.IsEmpty)
            {
                // What is no whole frame is left to Push, which refuses it.
                int size = rest.Length % Bands == 0 ? Math.Min(StepFrames * Bands, rest.Length) : rest.Length;
                await PoolTurn.Next;
                cancellation.ThrowIfCancellationRequested();
                SpeechBuffer buffer = Step(rest.Span[..size]);
                rest = rest[size..];
                if (buffer.FrameCount > 0) yield return buffer;
            }
        }
        await PoolTurn.Next;
        cancellation.ThrowIfCancellationRequested();
        SpeechBuffer last = LastStep();
        if (last.FrameCount > 0) yield return last;
    }

    private SpeechBuffer Step(ReadOnlySpan<float> frames)
    {
        long frame = FramesRendered;
        var samples = new float[SamplesAfter(frames.Length / Bands)];
        Push(frames, samples);
        return new SpeechBuffer(samples, frame, samples.Length / HopSize, frame * HopSize);
    }

    private SpeechBuffer LastStep()
    {
        long frame = FramesRendered;
        var samples = new float[(FramesPushed - frame) * HopSize];
        Flush(samples);
        return new SpeechBuffer(samples, frame, samples.Length / HopSize, frame * HopSize);
    }
}
