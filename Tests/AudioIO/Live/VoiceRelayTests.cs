using FlowVocoder.AudioIO.Live;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Cli;

namespace FlowVocoder.Tests.AudioIO.Live;

public class VoiceRelayTests
{
    private const int Bands = 80, Hop = 256, History = 24;

    private static VocoderStream Voice(int lookAhead, ulong seed) => new CompactVocoder(
        CliFixture.TinyConfig with { LookAhead = lookAhead }, MelRecipe.ByName("hifigan"), seed).NewStream(new SynthesisOptions(), new Parallelism(1));

    private static float[] Mel(int frames, int seed) => [.. Noise.Of(frames * Bands, seed).Select(v => 3 * v - 5)];

    private static float[] Push(VocoderStream stream, ReadOnlySpan<float> frames)
    {
        var samples = new float[frames.Length / Bands * Hop];
        return samples[..stream.Push(frames, samples)];
    }

    private static float[] Flush(VocoderStream stream)
    {
        var samples = new float[stream.LookAheadFrames * Hop];
        return samples[..stream.Flush(samples)];
    }

    [Theory]
    [InlineData(1), InlineData(3), InlineData(40)]
    public void One_voice_alone_is_passed_on_bit_for_bit(int chunk)
    {
        float[] mel = Mel(60, 1);
        var relay = new VoiceRelay(Voice(2, 5));
        var given = new List<float>();
        for (int at = 0; at < 60; at += chunk) given.AddRange(relay.Push(mel.AsSpan(at * Bands, Math.Min(chunk, 60 - at) * Bands)));
        given.AddRange(relay.Flush());
        VocoderStream alone = Voice(2, 5);
        Assert.Equal([.. Push(alone, mel), .. Flush(alone)], given);
    }

    // Positions count: not a sample is lost or said twice, whichever of the two looks further ahead.
    [Theory]
    [InlineData(2, 2, 30), InlineData(2, 5, 30), InlineData(5, 2, 30), InlineData(2, 5, 1), InlineData(5, 2, 3), InlineData(3, 2, 60), InlineData(2, 2, 0)]
    public void Another_voice_goes_on_in_place_after_a_fade_of_one_frame(int before, int after, int at)
    {
        const int frames = 70;
        float[] mel = Mel(frames, 2);
        var relay = new VoiceRelay(Voice(before, 6));
        var given = new List<float>();
        for (int t = 0; t < at; t++) given.AddRange(relay.Push(mel.AsSpan(t * Bands, Bands)));
        int spoken = given.Count;
        given.AddRange(relay.Switch(Voice(after, 7)));
        for (int t = at; t < frames; t++) given.AddRange(relay.Push(mel.AsSpan(t * Bands, Bands)));
        given.AddRange(relay.Flush());

        Assert.Equal(frames * Hop, given.Count);
        VocoderStream first = Voice(before, 6), second = Voice(after, 7);
        float[] old = [.. Push(first, mel.AsSpan(0, at * Bands)), .. Flush(first)];
        Assert.Equal(old[..spoken], given[..spoken]);
        int heardFrom = Math.Max(0, at - History);
        float[] next = [.. Push(second, mel.AsSpan(heardFrom * Bands)), .. Flush(second)];
        int faded = old.Length > spoken ? spoken + Hop : spoken;
        Assert.Equal(next[(faded - heardFrom * Hop)..], given[faded..]);
        for (int i = spoken; i < faded; i++)
        {
            float share = (float)(faded - i) / (Hop + 1), now = next[i - heardFrom * Hop];
            Assert.Equal(now + (old[i] - now) * share, given[i], 1e-5f);
        }
    }

    [Fact]
    public void A_voice_of_another_size_is_refused()
    {
        MelRecipe other = MelRecipe.ByName("hifigan") with { Bands = 40 };
        VocoderStream stream = new CompactVocoder(CliFixture.TinyConfig, other, 1).NewStream(new SynthesisOptions(), new Parallelism(1));
        Assert.Throws<ArgumentException>(() => { new VoiceRelay(Voice(2, 1)).Switch(stream); });
    }
}
