using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

/// <summary>A stream that has spoken for an hour.</summary>
public class HourTests
{
    // 3,600 s at 22,050 Hz and 256 samples a frame.
    private const int Frames = 310_078, Last = 100, Chunk = 89, Bands = 80, Hop = 256;

    private static readonly CompactConfig s_smallest = new()
    {
        Group = 64, Flows = 1, Layers = 1, Channels = 2, EncoderChannels = 2, ConditionChannels = 2, PitchChannels = 2, LinearPrediction = 2,
        Harmonics = [1], PhasePositions = 1, LookAhead = 2, EarlyEvery = 0, EarlySize = 0,
    };

    [Fact]
    public void Its_last_frames_are_those_of_a_stream_that_was_restored_and_its_position_is_exact()
    {
        CompactVocoder model = CompactModels.Create(s_smallest);
        VocoderStream stream = model.NewStream(new SynthesisOptions(), new Parallelism(1)),
            restored = model.NewStream(new SynthesisOptions(), new Parallelism(1));
        float[] mel = StreamRuns.Mel(1000, Bands, 1);
        var samples = new float[Chunk * Hop];
        for (int start = 0, count; start < Frames - Last; start += count)
        {
            // Chunks that end at the end of the mel or of the time.
            count = Math.Min(Math.Min(Chunk, 1000 - (start % 1000)), Frames - Last - start);
            stream.Push(mel.AsSpan(start % 1000 * Bands, count * Bands), samples);
        }
        using var state = new MemoryStream();
        stream.SaveState(state);
        state.Position = 0;
        restored.RestoreState(state);

        float[] expected = StreamRuns.Mel(Last, Bands, 2), heard = Finish(stream, expected);
        Samples.SameBits(heard, Finish(restored, expected), "restored");
        Assert.All(heard, v => Assert.True(float.IsFinite(v)));
        Assert.True(heard.Max(Math.Abs) > 0.001f);
        Assert.Equal((Frames, (long)Frames * Hop), (stream.FramesPushed, stream.SamplePosition));
    }

    private static float[] Finish(VocoderStream stream, float[] mel)
    {
        var samples = new float[(Last + stream.LookAheadFrames) * Hop];
        int count = stream.Push(mel, samples);
        return samples[..(count + stream.Flush(samples.AsSpan(count)))];
    }
}
