using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Streaming;
using NAudio.Wave;

namespace FlowVocoder.Tests.AudioIO.Streams;

public class DenoisingSampleProviderTests
{
    private static readonly Denoiser s_denoiser = new(Noise.Of(4096, 1));
    private static readonly float[] s_speech = Noise.Of(10_001, 2);

    // Gives samples in pieces of its own, then ends or fails.
    private sealed class Source(int piece, bool fails) : ISampleProvider
    {
        private int _next;

        public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(22050, 1);

        public int Read(Span<float> buffer)
        {
            int count = Math.Min(Math.Min(piece, buffer.Length), s_speech.Length - _next);
            if (count == 0 && fails) throw new VocoderException("the frames broke off");
            s_speech.AsSpan(_next, count).CopyTo(buffer);
            _next += count;
            return count;
        }
    }

    [Theory, InlineData(1, 441, false), InlineData(1000, 4096, true), InlineData(100, 1, false), InlineData(256, 100_000, true)]
    public void What_comes_out_is_the_whole_denoised_then_the_end_or_the_mistake(int piece, int size, bool fails)
    {
        var provider = new DenoisingSampleProvider(new Source(piece, fails), s_denoiser.NewStream(0.3f));
        Assert.Equal(22050, provider.WaveFormat.SampleRate);
        var all = new List<float>();
        float[] buffer = new float[size];
        while (all.Count < s_speech.Length && provider.Read(buffer) is > 0 and var count) all.AddRange(buffer[..count]);
        Assert.Equal(s_denoiser.Apply(s_speech, 0.3f), all);
        if (!fails) Assert.Equal(0, provider.Read(buffer));
        else Assert.Equal("the frames broke off", Assert.Throws<VocoderException>(() => provider.Read(buffer)).Message);
    }
}
