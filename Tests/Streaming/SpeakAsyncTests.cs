using System.Threading.Channels;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

public class SpeakAsyncTests
{
    private const int Bands = 80, Hop = 256;
    private static readonly Parallelism One = new(1);
    private static readonly CompactVocoder s_model = CompactModels.Create(CompactModels.Small);
    private static readonly CancellationToken s_test = TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Models => StreamingModels.All;

    private static VocoderStream NewStream() => s_model.NewStream(new SynthesisOptions { Match = 0 }, One);

    [Theory, MemberData(nameof(Models))]
    public async Task Buffers_are_the_whole_and_say_which_frames_they_render(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        var options = new SynthesisOptions { Match = match };
        int bands = model.Recipe.Bands, hop = model.Recipe.HopSize, frames = Math.Min(model.NewStream(options, One).LookAheadFrames, 40) + 21;
        float[] mel = StreamRuns.Mel(frames, bands, 3), whole = StreamRuns.Whole(model.NewStream(options, One), mel);
        foreach (int longest in new[] { 1, 7, 1000 })
        {
            VocoderStream stream = model.NewStream(options, One);
            var samples = new List<float>();
            long frame = 0;
            await foreach (SpeechBuffer buffer in stream.SpeakAsync(Chunks(mel, bands, longest), s_test))
            {
                Assert.Equal((frame, frame * hop, buffer.FrameCount * hop), (buffer.FirstFrame, buffer.SamplePosition, buffer.Samples.Length));
                if (frame + buffer.FrameCount < frames) Assert.InRange(buffer.FrameCount, 1, stream.StepFrames);
                samples.AddRange(buffer.Samples.Span);
                frame += buffer.FrameCount;
            }
            Samples.SameBits(whole, samples.ToArray(), $"items of up to {longest} frames");
        }
    }

    [Fact]
    public async Task Cancellation_stops_before_the_next_step_and_the_stream_can_go_on()
    {
        const int Frames = 1000, Heard = 3;
        float[] mel = StreamRuns.Mel(Frames, Bands, 4), whole = StreamRuns.Whole(NewStream(), mel);
        VocoderStream stream = NewStream();
        var samples = new List<float>();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (SpeechBuffer buffer in stream.SpeakAsync(Items(mel), stop.Token))
            {
                samples.AddRange(buffer.Samples.Span);
                if (samples.Count >= Heard * Hop) await stop.CancelAsync();
            }
        });
        // One item held everything, but no step was taken after the cancellation.
        int pushed = (int)stream.FramesPushed;
        Assert.Equal(samples.Count, stream.SamplePosition);
        Assert.InRange(pushed, Heard, Heard + stream.LookAheadFrames + 2 * stream.StepFrames);
        await foreach (SpeechBuffer buffer in stream.SpeakAsync(Items(mel[(pushed * Bands)..]), s_test)) samples.AddRange(buffer.Samples.Span);
        Samples.SameBits(whole, samples.ToArray(), "stopped and gone on");
    }

    [Fact]
    public async Task Nobody_waits_for_a_producer_that_does_not_heed_the_cancellation()
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously), ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        async IAsyncEnumerable<ReadOnlyMemory<float>> Deaf()
        {
            try
            {
                await release.Task;
                yield return new float[Bands];
            }
            finally
            {
                ended.SetResult();
            }
        }
        using var stop = new CancellationTokenSource();
        IAsyncEnumerator<SpeechBuffer> buffers = NewStream().SpeakAsync(Deaf(), stop.Token).GetAsyncEnumerator(s_test);
        ValueTask<bool> next = buffers.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        await buffers.DisposeAsync();
        Assert.False(ended.Task.IsCompleted);
        // Once it comes back it is disposed of.
        release.SetResult();
        await ended.Task.WaitAsync(s_test);
    }

    [Fact]
    public async Task A_receiver_waits_for_a_producer_that_is_slower()
    {
        var frames = Channel.CreateUnbounded<ReadOnlyMemory<float>>();
        VocoderStream stream = NewStream();
        float[] mel = StreamRuns.Mel(6, Bands, 5), whole = StreamRuns.Whole(NewStream(), mel);
        await using IAsyncEnumerator<SpeechBuffer> buffers = stream.SpeakAsync(frames.Reader.ReadAllAsync(s_test), s_test).GetAsyncEnumerator(s_test);
        Task<bool> next = buffers.MoveNextAsync().AsTask();
        for (int i = 0; i < 6; i++)
        {
            // No frame comes out before its look-ahead is in.
            Assert.False(next.IsCompleted);
            await frames.Writer.WriteAsync(mel.AsMemory(i * Bands, Bands), s_test);
            if (i < stream.LookAheadFrames) continue;
            Assert.True(await next);
            Assert.Equal((i - stream.LookAheadFrames, 1), (buffers.Current.FirstFrame, buffers.Current.FrameCount));
            Samples.SameBits(whole.AsSpan((i - stream.LookAheadFrames) * Hop, Hop), buffers.Current.Samples.Span, $"frame {i}");
            next = buffers.MoveNextAsync().AsTask();
        }
        frames.Writer.Complete();
        Assert.True(await next);
        Assert.Equal(stream.LookAheadFrames, buffers.Current.FrameCount);
        Assert.False(await buffers.MoveNextAsync());
    }

    [Fact]
    public async Task A_receiver_that_leaves_early_lets_the_producer_go()
    {
        bool isEnded = false;
        int given = 0;
        async IAsyncEnumerable<ReadOnlyMemory<float>> Endless()
        {
            try
            {
                for (; ; given++)
                {
                    await Task.Yield();
                    yield return new float[Bands];
                }
            }
            finally
            {
                isEnded = true;
            }
        }
        VocoderStream stream = NewStream();
        await foreach (SpeechBuffer buffer in stream.SpeakAsync(Endless(), s_test))
            if (buffer.FirstFrame == 4) break;
        Assert.True(isEnded);
        // Nothing ran ahead of the receiver.
        Assert.Equal((5 + stream.LookAheadFrames, 5), (stream.FramesPushed, stream.FramesRendered));
        Assert.Equal(stream.FramesPushed - 1, given);
    }

    [Fact]
    public async Task Exceptions_of_the_producer_and_bad_frames_pass_through_after_what_was_ready()
    {
        float[] mel = StreamRuns.Mel(9, Bands, 6);
        async IAsyncEnumerable<ReadOnlyMemory<float>> Failing()
        {
            await Task.Yield();
            for (int i = 0; i < 9; i++) yield return mel.AsMemory(i * Bands, Bands);
            throw new InvalidDataException("the text has ended in the middle of a word");
        }
        int frames = 0;
        async Task Speak(IAsyncEnumerable<ReadOnlyMemory<float>> source)
        {
            frames = 0;
            await foreach (SpeechBuffer buffer in NewStream().SpeakAsync(source, s_test)) frames += buffer.FrameCount;
        }
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => Speak(Failing()));
        Assert.Equal("the text has ended in the middle of a word", failure.Message);
        Assert.Equal(9 - s_model.LookAheadFrames, frames);

        float[] bad = [.. mel];
        bad[6 * Bands + 2] = float.NaN;
        Assert.Equal("mel frame 6 is NaN in band 2, expected a finite number", (await Assert.ThrowsAsync<VocoderException>(() => Speak(Items(bad)))).Message);
        Assert.Equal(NewStream().StepFrames - s_model.LookAheadFrames, frames);
        await Assert.ThrowsAsync<ArgumentException>(() => Speak(Items(new float[Bands + 1])));
        Assert.Throws<ArgumentNullException>(() => { NewStream().SpeakAsync(null!, s_test); });
    }

    [Fact]
    public async Task Streams_of_one_model_progress_together()
    {
        const int Streams = 8, Frames = 1600;
        float[] mel = StreamRuns.Mel(Frames, Bands, 7), whole = StreamRuns.Whole(NewStream(), mel);
        var steps = new int[Streams];
        int[]? atFirstEnd = null;
        // Each has all of its frames at once, so that a stream that is served alone would run to its end.
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => Task.Run(async () =>
        {
            var samples = new List<float>();
            await foreach (SpeechBuffer buffer in NewStream().SpeakAsync(Items(mel)).ConfigureAwait(false))
            {
                samples.AddRange(buffer.Samples.Span);
                Interlocked.Increment(ref steps[i]);
            }
            Interlocked.CompareExchange(ref atFirstEnd, [.. steps], null);
            Samples.SameBits(whole, samples.ToArray(), $"stream {i}");
        })));
        int all = atFirstEnd!.Max();
        Assert.Equal(Frames / 4 + 1, all);
        // In turn they are at most some steps apart; a quarter leaves room for a thread that the system does not let run for a while.
        Assert.All(atFirstEnd!, done => Assert.InRange(done, all / 4, all));
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<float>> Items(params float[][] items)
    {
        await Task.CompletedTask;
        foreach (float[] item in items) yield return item;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<float>> Chunks(ReadOnlyMemory<float> mel, int bands, int longest)
    {
        var random = new Random(longest);
        for (int start = 0, size; start < mel.Length; start += size)
        {
            if (random.Next(2) == 0) await Task.Yield();
            size = Math.Min(random.Next(1, longest + 1) * bands, mel.Length - start);
            yield return mel.Slice(start, size);
        }
    }
}
