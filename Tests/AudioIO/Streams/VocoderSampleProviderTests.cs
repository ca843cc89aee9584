using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Models;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.Tests.AudioIO.Streams;

/// <summary>The voice as a source of NAudio, read as its consumers read.</summary>
public class VocoderSampleProviderTests
{
    private const int Frames = 23;
    private static readonly Parallelism s_one = new(1);

    // Without it a whole mel is asked how often it is to be matched, which a stream cannot be.
    private static readonly SynthesisOptions s_options = new() { Match = 0 };
    private static readonly CompactVocoder s_model = CompactModels.Create(CompactModels.Small);
    private static readonly float[] s_mel = [.. Noise.Of(s_model.Recipe.Bands * Frames, 1).Select(v => v - 5)];
    private static readonly float[] s_offline = Synthesizer.Synthesize(s_model, s_mel, s_options, s_one);

    private static VocoderSampleProvider Provider(int mostFrames = 4, float[]? mel = null) =>
        new(MelFrames.Of(new MelArray(mel ?? s_mel, s_model.Recipe.Bands, Frames)), s_model.NewStream(s_options, s_one), mostFrames);

    // As a device driver does it: buffers of its own size, until one is not full.
    private static float[] Pull(ISampleProvider source, Func<int> size)
    {
        var all = new List<float>();
        while (true)
        {
            var buffer = new float[size()];
            int count = source.Read(buffer);
            all.AddRange(buffer[..count]);
            if (count < buffer.Length) return [.. all];
        }
    }

    [Theory, InlineData(1, 1), InlineData(4, 441), InlineData(4, 256), InlineData(100, 4096), InlineData(3, 1_000_000)]
    public void A_device_hears_the_offline_wave_whatever_its_buffer(int mostFrames, int size)
    {
        VocoderSampleProvider provider = Provider(mostFrames);
        WaveFormat format = provider.WaveFormat;
        Assert.Equal((s_model.Recipe.SampleRate, 1, WaveFormatEncoding.IeeeFloat), (format.SampleRate, format.Channels, format.Encoding));
        Assert.Equal(s_offline, Pull(provider, () => size));
        Assert.Equal(0, provider.Read(new float[10]));
    }

    [Fact]
    public void Odd_buffers_from_another_thread_are_the_same_and_tell_their_frame()
    {
        var random = new Random(3);
        VocoderSampleProvider provider = Provider();
        var all = new List<float>();
        var device = new Thread(() =>
        {
            var buffer = new float[900];
            while (provider.Read(buffer.AsSpan(0, random.Next(1, 900))) is > 0 and var count)
            {
                all.AddRange(buffer[..count]);
                Assert.Equal(all.Count / s_model.Recipe.HopSize, provider.Frame);
            }
        });
        device.Start();
        device.Join();
        Assert.Equal(s_offline, all);
    }

    [Fact]
    public void It_goes_through_the_providers_of_NAudio_like_any_source()
    {
        var half = new VolumeSampleProvider(Provider()) { Volume = 0.5f };
        float loudest = 0;
        var metered = new MeteringSampleProvider(half, samplesPerNotification: 64);
        metered.StreamVolume += (_, e) => loudest = Math.Max(loudest, e.MaxSampleValues![0]);
        Assert.Equal(s_offline.Select(s => s * 0.5f), Pull(metered, () => 333));
        Assert.Equal(s_offline[..(s_offline.Length / 64 * 64)].Max(s => Math.Abs(s * 0.5f)), loudest);

        // Two of the same voice are twice as loud.
        var mix = new MixingSampleProvider([Provider(), Provider()]);
        Assert.Equal(s_offline.Select(s => s + s), Pull(mix, () => 100));
    }

    [Fact]
    public void NAudio_writes_it_to_a_file_that_we_read()
    {
        using var folder = new TempFolder();
        WaveFileWriter.CreateWaveFile(folder["a.wav"], new SampleToWaveProvider(Provider()));
        Assert.Equal(s_offline, WavReader.Read(folder["a.wav"]).Channels[0]);
    }

    [Fact]
    public void A_frame_that_is_none_is_told_after_all_before_it()
    {
        using var bytes = new MemoryStream();
        foreach (float value in Frame(0).Concat(Frame(1)).Append(float.NaN)) bytes.Write(BitConverter.GetBytes(value));
        bytes.Write(new byte[4 * (s_model.Recipe.Bands - 1)]);
        bytes.Position = 0;
        var provider = new VocoderSampleProvider(MelFrames.Open(bytes, "the pipe", s_model.Recipe.Bands), s_model.NewStream(s_options, s_one));
        Assert.Equal(2 * s_model.Recipe.HopSize, provider.Read(new float[10_000]));
        Refusal.Expect(() => provider.Read(new float[10]), "the pipe", "NaN");

        static float[] Frame(int index) => [.. Enumerable.Range(0, s_model.Recipe.Bands).Select(b => s_mel[b * Frames + index])];
    }

    [Fact]
    public void A_mel_of_other_bands_is_refused() => Refusal.Expect(
        () => new VocoderSampleProvider(MelFrames.Of(new MelArray(new float[5], 5, 1)), s_model.NewStream(s_options, s_one)),
        "the mel has 5 bands, expected 80 as the voice");
}
