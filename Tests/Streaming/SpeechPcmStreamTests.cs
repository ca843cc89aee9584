using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

public class SpeechPcmStreamTests
{
    private static readonly CancellationToken s_test = TestContext.Current.CancellationToken;

    private static async IAsyncEnumerable<SpeechBuffer> Buffers(params float[][] parts)
    {
        foreach (float[] part in parts)
        {
            await Task.Yield();
            yield return new SpeechBuffer(part, 0, 1, 0);
        }
    }

    [Fact]
    public async Task Samples_become_16_bits_rounded_and_rounded_off_near_full_scale()
    {
        float[] samples = [0f, 1f / 32768, -1f / 32768, 0.5f, -1f, 1f, 2f, -3f, 0.4f / 32768, 0.6f / 32768];
        // 0.95 + 0.05·tanh 1 is 0.98808.
        short[] expected = [0, 1, -1, 16384, -32377, 32377, 32767, -32768, 0, 1];
        await using var stream = new SpeechPcmStream(Buffers(samples));
        var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, s_test);
        Assert.Equal(2 * samples.Length, bytes.Length);
        for (int i = 0; i < samples.Length; i++) Assert.Equal(expected[i], BinaryPrimitives.ReadInt16LittleEndian(bytes.GetBuffer().AsSpan(2 * i)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100_000)]
    public async Task Reads_of_any_size_give_the_speech_and_then_the_end(int size)
    {
        var model = CompactModels.Create(CompactModels.Small);
        float[] mel = StreamRuns.Mel(9, 80, 2);
        VocoderStream NewStream() => model.NewStream(new SynthesisOptions(), new Parallelism(1));
        async IAsyncEnumerable<ReadOnlyMemory<float>> Frames()
        {
            for (int i = 0; i < 9; i++)
            {
                await Task.Yield();
                yield return mel.AsMemory(80 * i, 80);
            }
        }
        float[] whole = StreamRuns.Whole(NewStream(), mel);
        var bytes = new List<byte>();
        var part = new byte[size];
        using var stream = new SpeechPcmStream(NewStream().SpeakAsync(Frames(), s_test));
        for (int i = 0, read; ; i++, bytes.AddRange(part.AsSpan(0, read)))
        {
            // In turn with and without waiting.
            read = i % 2 == 0 ? await stream.ReadAsync(part, s_test) : stream.Read(part, 0, size);
            if (read == 0) break;
        }
        Assert.Equal(2 * whole.Length, bytes.Count);
        byte[] all = [.. bytes];
        for (int i = 0; i < whole.Length; i++)
            Assert.InRange(BinaryPrimitives.ReadInt16LittleEndian(all.AsSpan(2 * i)) - 32768.0 * Math.Clamp(whole[i], -1, 1), -1.0001, 0.5001);
        Assert.Equal(0, await stream.ReadAsync(part, s_test));
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async IAsyncEnumerable<SpeechBuffer> Late()
        {
            await release.Task;
            yield return new SpeechBuffer(new[] { 0.25f }, 0, 1, 0);
        }
        await using var stream = new SpeechPcmStream(Late());
        using var stop = new CancellationTokenSource();
        ValueTask<int> read = stream.ReadAsync(new byte[2], stop.Token);
        Assert.False(read.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        release.SetResult();
        var bytes = new byte[8];
        Assert.Equal(2, await stream.ReadAsync(bytes, s_test));
        Assert.Equal(8192, BinaryPrimitives.ReadInt16LittleEndian(bytes));
    }

    [Fact]
    public async Task Closing_stops_the_work_and_failures_pass_through()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async IAsyncEnumerable<SpeechBuffer> Endless([EnumeratorCancellation] CancellationToken cancellation = default)
        {
            try
            {
                yield return new SpeechBuffer(new float[4], 0, 1, 0);
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                ended.SetResult();
            }
        }
        var stream = new SpeechPcmStream(Endless(s_test));
        Assert.Equal(8, await stream.ReadAsync(new byte[100], s_test));
        Task<int> waiting = stream.ReadAsync(new byte[100], s_test).AsTask();
        stream.Dispose();
        Assert.True(ended.Task.IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(new byte[1], s_test).AsTask());
        stream.Dispose();

        async IAsyncEnumerable<SpeechBuffer> Failing()
        {
            await Task.Yield();
            yield return new SpeechBuffer(new float[1], 0, 1, 0);
            throw new InvalidDataException("no more text");
        }
        using var failing = new SpeechPcmStream(Failing());
        Assert.Equal(2, failing.Read(new byte[9], 0, 9));
        Assert.Throws<InvalidDataException>(() => failing.Read(new byte[9], 0, 9));
        Assert.Throws<InvalidDataException>(() => failing.Read(new byte[9], 0, 9));
    }
}
