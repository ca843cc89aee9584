using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Streaming;

/// <summary>What every stream promises, on every model that can stream.</summary>
public class StreamPropertyTests
{
    public static TheoryData<string, int> Models => StreamingModels.All;

    public static TheoryData<string, int> CausalModels => StreamingModels.Causal;

    private static SynthesisOptions Options(int match) => new() { Sigma = 0.9f, Seed = 5, Match = match };

    private static float[] Mel(VocoderModel model, int frames) => StreamRuns.Mel(frames, model.Recipe.Bands, 21);

    // Enough that frames come out, are remembered and forgotten.
    private static int Frames(VocoderStream stream) => Math.Min(stream.LookAheadFrames, 40) + 17;

    [Theory, MemberData(nameof(Models))]
    public void Any_chunks_on_any_threads_saved_and_restored_anywhere_give_the_bits_of_the_whole(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        VocoderStream NewStream(int threads = 1) => model.NewStream(Options(match), new Parallelism(threads));
        float[] mel = Mel(model, Frames(NewStream())), whole = StreamRuns.Whole(NewStream(), mel);
        Assert.InRange(whole.Max(Math.Abs), 0.001f, 100f);
        foreach (int seed in new[] { 1, 2, 3 })
        {
            var random = new Random(seed);
            int longest = random.Next(2, 12);
            Samples.SameBits(whole, StreamRuns.Run(NewStream(seed), mel, () => random.Next(1, longest)), $"chunks, seed {seed}");
            float[] moved = StreamRuns.RunMoving(() => NewStream(random.Next(1, 4)), mel, () => random.Next(1, longest), random);
            Samples.SameBits(whole, moved, $"saved and restored, seed {seed}");
        }
        Samples.SameBits(whole, Synthesizer.Synthesize(model, StreamRuns.BandMajor(mel, model.Recipe.Bands), Options(match), new Parallelism(3)), "offline");
    }

    [Theory, MemberData(nameof(Models))]
    public void A_longer_mel_changes_no_earlier_sample(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        VocoderStream NewStream(int threads = 1) => model.NewStream(Options(match), new Parallelism(threads));
        int frames = Frames(NewStream()), bands = model.Recipe.Bands;
        float[] mel = Mel(model, frames), whole = StreamRuns.Whole(NewStream(), mel);
        // Two frames, because the hop of one of the models is shorter than its group.
        foreach (int shorter in new[] { 2, frames / 2, frames - 1 })
        {
            float[] start = StreamRuns.Whole(NewStream(), mel.AsSpan(0, shorter * bands));
            int same = Math.Max(0, shorter - NewStream().LookAheadFrames) * model.Recipe.HopSize;
            Samples.SameBits(whole.AsSpan(0, same), start.AsSpan(0, same), $"{shorter} frames");
        }
    }

    [Theory, MemberData(nameof(CausalModels))]
    public void A_step_allocates_nothing(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        VocoderStream NewStream(int threads = 1) => model.NewStream(Options(match), new Parallelism(threads));
        VocoderStream stream = NewStream();
        foreach (int chunk in new[] { 1, 4 })
        {
            float[] frames = Mel(model, chunk), samples = new float[chunk * stream.HopSize];
            void Steps(int count)
            {
                for (int i = 0; i < count; i++) stream.Push(frames, samples);
            }
            Steps(NewStream().LookAheadFrames + 20);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Steps(10);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_frame_that_is_not_finite_is_named_and_leaves_the_stream_unharmed(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        VocoderStream NewStream(int threads = 1) => model.NewStream(Options(match), new Parallelism(threads));
        int frames = Frames(NewStream()), bands = model.Recipe.Bands, at = frames / 2;
        float[] mel = Mel(model, frames), whole = StreamRuns.Whole(NewStream(), mel), samples = new float[frames * model.Recipe.HopSize];
        VocoderStream stream = NewStream();
        int written = stream.Push(mel.AsSpan(0, at * bands), samples);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] rest = mel[(at * bands)..];
            rest[3 * bands - 1] = bad;
            string message = Assert.Throws<VocoderException>(() => stream.Push(rest, new float[samples.Length])).Message;
            Assert.Equal(FormattableString.Invariant($"mel frame {at + 2} is {bad} in band {bands - 1}, expected a finite number"), message);
        }
        written += stream.Push(mel.AsSpan(at * bands), samples.AsSpan(written));
        written += stream.Flush(samples.AsSpan(written));
        Samples.SameBits(whole, samples.AsSpan(0, written), "after refused frames");
    }

    [Theory, MemberData(nameof(Models))]
    public void Positions_and_sizes_are_told(string name, int match)
    {
        VocoderModel model = StreamingModels.Create(name);
        VocoderStream NewStream(int threads = 1) => model.NewStream(Options(match), new Parallelism(threads));
        VocoderStream stream = NewStream();
        int hop = model.Recipe.HopSize, ahead = NewStream().LookAheadFrames;
        float[] mel = Mel(model, ahead + 3);
        Assert.Equal((ahead, (long)ahead * hop, 1000.0 * ahead * hop / model.Recipe.SampleRate),
            (stream.Latency.Frames, stream.Latency.Samples, stream.Latency.Milliseconds));
        Assert.Equal(0, stream.SamplesAfter(ahead));
        Assert.Equal(hop, stream.SamplesAfter(ahead + 1));
        Assert.Equal(3 * hop, stream.Push(mel, new float[mel.Length * hop]));
        Assert.Equal((ahead + 3, 3, 3L * hop), (stream.FramesPushed, stream.FramesRendered, stream.SamplePosition));
        Assert.Equal(ahead * hop, stream.Flush(new float[ahead * hop]));
        Assert.Equal((ahead + 3, ahead + 3), (stream.FramesPushed, stream.FramesRendered));
        Assert.Throws<InvalidOperationException>(() => stream.Push(mel, new float[mel.Length * hop]));
        Assert.Equal(0, stream.Flush([]));
        stream.Reset();
        Assert.Equal((0, 0), (stream.FramesPushed, stream.FramesRendered));
    }
}
