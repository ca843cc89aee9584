using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

/// <summary>Whole mels, spoken by any number of threads that follow each other through the layers.</summary>
public class SynthesizerTests
{
    private static readonly SynthesisOptions s_options = new() { Sigma = 0.9f, Seed = 5 };

    public static TheoryData<string, int> CausalModels => StreamingModels.Causal;

    private static float[] Mel(VocoderModel model, int frames) => StreamRuns.BandMajor(StreamRuns.Mel(frames, model.Recipe.Bands, 21), model.Recipe.Bands);

    [Theory, MemberData(nameof(CausalModels))]
    public void Threads_that_share_a_mel_give_the_bits_of_a_stream_in_order(string name, int match)
    {
        SynthesisOptions options = s_options with { Match = match };
        VocoderModel model = StreamingModels.Create(name);
        int bands = model.Recipe.Bands;
        foreach (int frames in new[] { 1, 2, 17, 51 })
        {
            float[] mel = Mel(model, frames), expected = StreamRuns.Whole(model.NewStream(options, new Parallelism(1)), StreamRuns.Mel(frames, bands, 21));
            foreach (int threads in new[] { 1, 2, 3, 5 })
            {
                var heard = new List<float>();
                int speaking = 0;
                Synthesizer.Synthesize(model, mel, options, new Parallelism(threads), samples =>
                {
                    Assert.Equal(1, Interlocked.Increment(ref speaking));
                    heard.AddRange(samples.Span);
                    Interlocked.Decrement(ref speaking);
                });
                Samples.SameBits(expected, heard.ToArray(), $"{frames} frames, {threads} threads");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_first_value_that_is_not_finite_is_named_before_anything_is_spoken(int threads)
    {
        VocoderModel model = CompactModels.Create(CompactModels.Small);
        const int Frames = 90;
        float[] mel = Mel(model, Frames);
        (mel[3 * Frames + 40], mel[Frames + 20], mel[80]) = (float.NaN, float.PositiveInfinity, float.NaN);
        string message = Assert.Throws<VocoderException>(() => Synthesizer.Synthesize(model, mel, s_options, new Parallelism(threads),
            _ => Assert.Fail("something was spoken"))).Message;
        Assert.Equal(FormattableString.Invariant($"mel frame 20 is {float.PositiveInfinity} in band 1, expected a finite number"), message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_the_sink_throws_reaches_the_caller_and_nothing_is_spoken_after_it(int threads)
    {
        VocoderModel model = CompactModels.Create(CompactModels.Small);
        float[] mel = Mel(model, 200);
        for (int run = 0; run < 5; run++)
        {
            int calls = 0;
            Assert.Equal("full", Assert.Throws<IOException>(() => Synthesizer.Synthesize(model, mel, s_options, new Parallelism(threads), _ =>
            {
                if (++calls == 3) throw new IOException("full");
            })).Message);
            Assert.Equal(3, calls);

            using var cancellation = new CancellationTokenSource();
            calls = 0;
            var cancelled = Assert.Throws<OperationCanceledException>(() => Synthesizer.Synthesize(model, mel, s_options, new Parallelism(threads), _ =>
            {
                if (++calls == 2) cancellation.Cancel();
            }, cancellation.Token));
            Assert.Equal(cancellation.Token, cancelled.CancellationToken);
            // Chunks that had begun may still be heard.
            Assert.InRange(calls, 2, 2 + threads);
        }
    }

    [Fact]
    public void A_second_mel_while_the_helpers_are_busy_is_spoken_by_its_caller_alone()
    {
        VocoderModel model = CompactModels.Create(CompactModels.Small);
        float[] mel = Mel(model, 60), expected = Synthesizer.Synthesize(model, mel, s_options, new Parallelism(1));
        int inner = 0;
        var outer = new List<float>();
        Synthesizer.Synthesize(model, mel, s_options, new Parallelism(2), samples =>
        {
            Samples.SameBits(expected, Synthesizer.Synthesize(model, mel, s_options, new Parallelism(2)), "inner");
            inner++;
            outer.AddRange(samples.Span);
        });
        Assert.Equal(4, inner);
        Samples.SameBits(expected, outer.ToArray(), "outer");
    }
}
