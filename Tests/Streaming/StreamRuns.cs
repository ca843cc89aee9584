using FlowVocoder.Streaming;

namespace FlowVocoder.Tests.Streaming;

/// <summary>Runs of a stream over a mel given frame by frame.</summary>
internal static class StreamRuns
{
    /// <summary>A random mel, [frames, bands], of values from -7 to -3, around the mean of speech.</summary>
    public static float[] Mel(int frames, int bands, int seed)
    {
        var random = new Random(seed);
        var mel = new float[frames * bands];
        for (int i = 0; i < mel.Length; i++) mel[i] = -5f + 2f * (random.NextSingle() + random.NextSingle() - 1f);
        return mel;
    }

    /// <summary>Pushes chunks of so many frames, in turn, until the mel ends, then flushes.</summary>
    public static float[] Run(VocoderStream stream, ReadOnlySpan<float> mel, Func<int> chunk)
    {
        int frames = mel.Length / stream.Bands, written = 0;
        var samples = new float[frames * stream.HopSize];
        for (int start = 0; start < frames;)
        {
            int count = Math.Min(chunk(), frames - start);
            var part = new float[count * stream.HopSize];
            int ready = stream.Push(mel.Slice(start * stream.Bands, count * stream.Bands), part);
            part.AsSpan(0, ready).CopyTo(samples.AsSpan(written));
            (written, start) = (written + ready, start + count);
            Assert.Equal(Math.Max(0, start - stream.LookAheadFrames) * stream.HopSize, written);
        }
        var tail = new float[stream.LookAheadFrames * stream.HopSize];
        int last = stream.Flush(tail);
        tail.AsSpan(0, last).CopyTo(samples.AsSpan(written));
        Assert.Equal(samples.Length, written + last);
        return samples;
    }

    /// <summary>The same with a stream that is, in places, saved and given up for a new one that restores it.</summary>
    public static float[] RunMoving(Func<VocoderStream> create, ReadOnlySpan<float> mel, Func<int> chunk, Random random)
    {
        VocoderStream stream = create();
        int bands = stream.Bands, frames = mel.Length / bands, written = 0;
        var samples = new float[frames * stream.HopSize];
        for (int start = 0; start < frames;)
        {
            if (random.Next(2) == 0) stream = Move(stream, create());
            int count = Math.Min(chunk(), frames - start);
            written += stream.Push(mel.Slice(start * bands, count * bands), samples.AsSpan(written));
            start += count;
        }
        stream = Move(stream, create());
        written += stream.Flush(samples.AsSpan(written));
        Assert.Equal(samples.Length, written);
        return samples;
    }

    private static VocoderStream Move(VocoderStream from, VocoderStream to)
    {
        using var state = new MemoryStream();
        from.SaveState(state);
        Assert.Equal(state.Length, from.StateBytes);
        state.Position = 0;
        to.RestoreState(state);
        Assert.Equal(state.Length, state.Position);
        Assert.Equal((from.FramesPushed, from.FramesRendered), (to.FramesPushed, to.FramesRendered));
        return to;
    }

    /// <summary>One push of everything.</summary>
    public static float[] Whole(VocoderStream stream, ReadOnlySpan<float> mel) => Run(stream, mel, () => int.MaxValue);

    /// <summary>[frames, bands] → [bands, frames], as files hold a mel.</summary>
    public static float[] BandMajor(ReadOnlySpan<float> mel, int bands)
    {
        int frames = mel.Length / bands;
        var result = new float[mel.Length];
        for (int i = 0; i < frames; i++)
            for (int b = 0; b < bands; b++) result[b * frames + i] = mel[i * bands + b];
        return result;
    }
}
