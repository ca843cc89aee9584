using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelStreamTests
{
    public static TheoryData<string> Presets => [.. MelRecipe.Presets.Where(p => !p.PreparesRecording).Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Chunks_of_any_size_give_bit_for_bit_what_the_whole_gives(string preset)
    {
        var spectrogram = new MelSpectrogram(MelRecipe.ByName(preset));
        var stream = new MelStream(spectrogram);
        int fft = spectrogram.Recipe.FftSize, hop = spectrogram.Recipe.HopSize;
        var random = new Random(preset.Length);
        // Signals from shorter than the padding to several windows, on and beside the borders of frames.
        foreach (int length in (int[])[1, 2, hop - 1, hop, fft / 2, fft / 2 + 1, fft - 1, fft, fft + hop, 5000, 5120, 9001])
        {
            ReadOnlySpan<float> audio = Reference.Chirp.AsSpan(2000, length);
            int frames = spectrogram.FrameCount(length);
            foreach (int most in (int[])[1, hop / 3, 4 * fft])
            {
                if (most == 1 && length > fft) continue;
                List<float> streamed = [];
                for (int start = 0; start < length;)
                {
                    int size = Math.Min(length - start, random.Next(0, most + 1));
                    streamed.AddRange(Push(stream, audio.Slice(start, size)));
                    start += size;
                }
                Assert.True(stream.FlushCount <= 1 + (fft / 2 / hop) + 1);
                var rest = new float[stream.FlushCount * stream.Recipe.Bands];
                Assert.Equal(stream.FlushCount, stream.Flush(rest));
                streamed.AddRange(rest);
                Assert.Equal((length, frames), (stream.Received, stream.Frames));
                if (frames > 0) Assert.Equal(ByFrames(spectrogram.Compute(audio), frames), streamed.ToArray());
                stream.Reset();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void Frames_come_as_soon_as_the_stated_latency_allows(string preset)
    {
        var stream = new MelStream(MelRecipe.ByName(preset));
        MelRecipe recipe = stream.Recipe;
        int centre = recipe.Centering == MelCentering.Centered ? 0 : recipe.HopSize / 2;
        // Half a window after the centre of a frame, its last sample is there.
        Assert.Equal(centre + (recipe.FftSize / 2), stream.LatencySamples);
        for (int received = 1; received <= 3 * recipe.FftSize; received++)
        {
            Push(stream, [0.1f]);
            int expected = received < stream.LatencySamples ? 0 : 1 + ((received - stream.LatencySamples) / recipe.HopSize);
            if (recipe.Centering == MelCentering.Centered && received == stream.LatencySamples) expected = 0;
            Assert.Equal(expected, stream.Frames);
        }
    }

    [Fact]
    public void An_hour_has_its_frames_and_the_last_sound_as_the_first()
    {
        var stream = new MelStream(MelRecipe.ByName("hifigan"));
        const int Hop = 256, Period = 86 * Hop, Periods = 3606, Bands = 80;
        // A sound that repeats after whole hops has frames that repeat.
        float[] sound = [.. Enumerable.Repeat(Reference.Chirp, 3).SelectMany(v => v).Take(Period)];
        Assert.Equal(Period, sound.Length);
        var frames = new float[(86 + 3) * Bands];
        float[]? early = null;
        for (int i = 0; i < Periods; i++)
        {
            int count = stream.Push(sound, frames);
            if (i == 1) early = frames[..(count * Bands)];
        }
        Assert.Equal(((long)Period * Periods, 1 + ((((long)Period * Periods) - 640) / Hop)), (stream.Received, stream.Frames));
        Assert.Equal(early, frames[..early!.Length]);
    }

    [Fact]
    public void Nothing_is_allocated_in_steady_state()
    {
        var stream = new MelStream(MelRecipe.ByName("hifigan"));
        var samples = new float[441];
        var frames = new float[3 * 80];
        for (int i = 0; i < 50; i++) stream.Push(samples, frames);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++) stream.Push(samples, frames);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1 + ((550 * 441 - 640) / 256), stream.Frames);
    }

    [Fact]
    public void Too_little_room_is_told_and_changes_nothing()
    {
        var stream = new MelStream(MelRecipe.ByName("nvidia"));
        float[] audio = Reference.Chirp[..3000];
        Assert.Throws<ArgumentException>(() => stream.Push(audio, new float[(stream.FrameCount(3000) * 80) - 1]));
        Assert.Equal(0, stream.Received);
        float[] frames = Push(stream, audio);
        Assert.Throws<ArgumentException>(() => stream.Flush(new float[(stream.FlushCount * 80) - 1]));
        var rest = new float[stream.FlushCount * 80];
        stream.Flush(rest);
        Assert.Equal(ByFrames(new MelSpectrogram(stream.Recipe).Compute(audio), 12), frames.Concat(rest).ToArray());
    }

    private static float[] Push(MelStream stream, ReadOnlySpan<float> samples)
    {
        var frames = new float[stream.FrameCount(samples.Length) * stream.Recipe.Bands];
        Assert.Equal(frames.Length / stream.Recipe.Bands, stream.Push(samples, frames));
        return frames;
    }

    private static float[] ByFrames(float[] mel, int frames)
    {
        int bands = mel.Length / frames;
        var result = new float[mel.Length];
        for (int f = 0; f < frames; f++)
            for (int b = 0; b < bands; b++) result[(f * bands) + b] = mel[(b * frames) + f];
        return result;
    }
}
