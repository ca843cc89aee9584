using System.Buffers.Binary;
using System.Security.Cryptography;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Streaming;

public class StreamStateFileTests
{
    private const int Bands = 80, Hop = 256, HeadSize = 12, FingerprintSize = 32, OptionsSize = 20;
    private static readonly Parallelism One = new(1);
    private static readonly CompactConfig s_config = CompactModels.Small with { Harmonics = [], LinearPrediction = 0, LookAhead = 1 };
    private static readonly CompactVocoder s_model = CompactModels.Create(s_config);
    private static readonly float[] s_mel = StreamRuns.Mel(12, Bands, 4);

    private static byte[] Saved(VocoderModel model, SynthesisOptions options, int frames = 5)
    {
        VocoderStream stream = model.NewStream(options, One);
        stream.Push(s_mel.AsSpan(0, frames * Bands), new float[frames * Hop]);
        using var state = new MemoryStream();
        stream.SaveState(state);
        return state.ToArray();
    }

    private static string Refusal(VocoderStream stream, byte[] state) =>
        Assert.Throws<VocoderException>(() => stream.RestoreState(new MemoryStream(state))).Message;

    [Fact]
    public void A_state_of_another_voice_or_configuration_is_refused()
    {
        VocoderStream stream = s_model.NewStream(new SynthesisOptions(), One);
        CompactVocoder otherWeights = CompactModels.Create(s_config), otherConfig = CompactModels.Create(s_config with { Layers = 1 });
        Parameter one = otherWeights.Parameters.Items.First(p => p.Name.Contains("weight_v", StringComparison.Ordinal));
        one.Value.Span[0] = MathF.BitIncrement(one.Value.Span[0]);
        one.Value.MarkChanged();
        foreach (CompactVocoder other in new[] { otherWeights, otherConfig })
            Assert.StartsWith("the state of a stream cannot be restored: it belongs to a voice whose fingerprint begins with ",
                Refusal(stream, Saved(other, new SynthesisOptions())), StringComparison.Ordinal);
        // The same voice loaded a second time is no other one.
        CompactModels.Create(s_config).NewStream(new SynthesisOptions(), One).RestoreState(new MemoryStream(Saved(s_model, new SynthesisOptions())));
    }

    [Fact]
    public void A_state_of_other_options_is_refused()
    {
        byte[] state = Saved(s_model, new SynthesisOptions { Sigma = 0.5f, Seed = ulong.MaxValue });
        string Message(SynthesisOptions options) => Refusal(s_model.NewStream(options, One), state);
        Assert.EndsWith("it was saved with sigma 0.5, expected 0.7", Message(new() { Sigma = 0.7f, Seed = ulong.MaxValue }), StringComparison.Ordinal);
        Assert.EndsWith("it was saved with seed 18446744073709551615, expected 3", Message(new() { Sigma = 0.5f, Seed = 3 }), StringComparison.Ordinal);
        CompactVocoder voiced = CompactModels.Create(CompactModels.Small);
        Assert.EndsWith("it was saved with a pitch shift of -1.5 semitones, expected 0",
            Refusal(voiced.NewStream(new SynthesisOptions(), One), Saved(voiced, new() { PitchShift = -1.5f })), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_damaged_is_refused_and_leaves_the_stream_as_it_was()
    {
        var options = new SynthesisOptions { Seed = 2 };
        byte[] state = Saved(s_model, options);
        VocoderStream stream = s_model.NewStream(options, One);
        float[] samples = new float[12 * Hop];
        int written = stream.Push(s_mel.AsSpan(0, 3 * Bands), samples);
        foreach (int length in new[] { 0, 3, HeadSize, HeadSize + 40, state.Length / 2, state.Length - 1 })
            Assert.EndsWith("it ends early", Refusal(stream, state[..length]), StringComparison.Ordinal);
        string Changed(int at, byte by)
        {
            byte[] changed = [.. state];
            changed[at] ^= by;
            return Refusal(stream, changed);
        }
        Assert.EndsWith("it does not start with FVSS, expected what a stream saved", Changed(0, 1), StringComparison.Ordinal);
        Assert.EndsWith("it has version 0, expected 2", Changed(4, 2), StringComparison.Ordinal);
        Assert.EndsWith("it is damaged", Changed(11, 0x80), StringComparison.Ordinal);
        foreach (int at in new[] { HeadSize, HeadSize + 32, HeadSize + 32 + FingerprintSize + OptionsSize, state.Length - 1 })
            Assert.EndsWith("it is damaged", Changed(at, 1), StringComparison.Ordinal);
        written += stream.Push(s_mel.AsSpan(3 * Bands), samples.AsSpan(written));
        stream.Flush(samples.AsSpan(written));
        Samples.SameBits(StreamRuns.Whole(s_model.NewStream(options, One), s_mel), samples, "after refused states");
    }

    [Fact]
    public void A_position_beyond_32_bits_draws_the_noise_of_that_time()
    {
        const long Later = (1L << 33) + 5;
        const int Frames = 5, Steps = Hop / 16;
        var options = new SynthesisOptions { Seed = 9, Sigma = 0.8f, Match = 0 };
        byte[] state = Moved(Saved(s_model, options, Frames), Later);
        float[] Speak(Func<int> chunk)
        {
            VocoderStream stream = s_model.NewStream(options, One);
            stream.RestoreState(new MemoryStream(state));
            Assert.Equal((Later + Frames, Later + Frames - 1, (Later + Frames - 1) * Hop), (stream.FramesPushed, stream.FramesRendered, stream.SamplePosition));
            var samples = new List<float>();
            var part = new float[12 * Hop];
            for (int start = Frames, count; start < 12; start += count)
            {
                count = Math.Min(chunk(), 12 - start);
                samples.AddRange(part.AsSpan(0, stream.Push(s_mel.AsSpan(start * Bands, count * Bands), part)));
            }
            return [.. samples];
        }
        float[] whole = Speak(() => 12);
        Samples.SameBits(whole, Speak(() => 1), "frame by frame");

        // The same by hand: one pass over the mel from its start, with the noise of the start up to the move and that of the far time after it.
        int near = (Frames - 1) * Steps, total = 11 * Steps;
        var noise = new Philox(options.Seed);
        Tensor[] latents = [.. s_model.Stack.LatentChannels.Select(channels => new Tensor(1, channels, total))];
        for (int i = 0; i < latents.Length; i++)
            for (int c = 0; c < latents[i].Channels; c++)
            {
                noise.Normal(latents[i].Row(0, c)[..near], (uint)i, (uint)c, 0);
                noise.Normal(latents[i].Row(0, c)[near..], (uint)i, (uint)c, (Later + Frames - 1) * Steps);
                foreach (ref float z in latents[i].Row(0, c)) z *= options.Sigma;
            }
        var mel = Tensor.From(StreamRuns.BandMajor(s_mel, Bands), 1, Bands, 12);
        s_model.NormalizeMel(mel.Span, mel.Span);
        var ops = new CpuOps();
        Tensor expected = ops.Unfold(s_model.Stack.Inverse(ops, latents, s_model.Condition(ops, mel, 1, null)!.Value), 16);
        Samples.SameBits(expected.Span[(near * 16)..], whole, "by hand");
    }

    // A state whose stream has come further by so many frames.
    private static byte[] Moved(byte[] state, long frames)
    {
        const int Body = HeadSize + 32, Pushed = Body + FingerprintSize + OptionsSize;
        foreach (int at in new[] { Pushed, Pushed + 8 })
            BinaryPrimitives.WriteInt64LittleEndian(state.AsSpan(at), BinaryPrimitives.ReadInt64LittleEndian(state.AsSpan(at)) + frames);
        SHA256.HashData(state.AsSpan(Body)).CopyTo(state, HeadSize);
        return state;
    }
}
