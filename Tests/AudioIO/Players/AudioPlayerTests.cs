using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Players;

/// <summary>What all players share, on one that remembers.</summary>
public class AudioPlayerTests
{
    [Fact]
    public void Full_volume_leaves_every_bit_alone_and_long_writes_arrive_in_order()
    {
        using var player = new Memory();
        float[] samples = Noise.Of(10_000, 1);
        player.Write(samples.AsSpan(0, 1));
        player.Write(samples.AsSpan(1));
        Assert.Equal(samples, player.Played.ToArray());
        Assert.Equal(10_000, player.Written);
    }

    [Fact]
    public void A_new_volume_is_reached_smoothly_and_then_exact()
    {
        using var player = new Memory { Volume = 0.5f };
        player.Write(Enumerable.Repeat(0.9f, 1000).ToArray());
        float[] played = [.. player.Played];
        for (int i = 1; i < 200; i++) Assert.InRange(played[i - 1] - played[i], 0, 0.006f);
        Assert.All(played[200..], v => Assert.Equal(0.45f, v));
        player.Volume = 1;
        player.Write(Enumerable.Repeat(0.9f, 1000).ToArray());
        Assert.All(player.Played.Skip(1200), v => Assert.Equal(0.9f, v));
        player.Volume = 0;
        player.Write(Enumerable.Repeat(0.9f, 1000).ToArray());
        Assert.All(player.Played.Skip(2200), v => Assert.Equal(0f, v));
        Assert.Equal(0, player.Limited);
    }

    [Fact]
    public void What_goes_beyond_full_scale_is_rounded_off_and_counted()
    {
        using var player = new Memory();
        player.Write([0.5f, 1.5f, -2f, 0.94f, 1f]);
        Assert.Equal(2, player.Limited);
        Assert.Equal([0.5f, 0.94f], [player.Played[0], player.Played[3]]);
        Assert.All(player.Played, v => Assert.InRange(v, -1f, 1f));
        player.Volume = 2;
        player.Write(Enumerable.Repeat(0.6f, 1000).ToArray());
        Assert.InRange(player.Limited, 2 + 800, 2 + 1000);
    }

    [Theory]
    [InlineData(-0.1f), InlineData(4.1f), InlineData(float.NaN)]
    public void Impossible_volumes_are_refused(float volume)
    {
        using var player = new Memory();
        Assert.Throws<ArgumentOutOfRangeException>(() => player.Volume = volume);
        Assert.Equal(1, player.Volume);
    }

    [Theory]
    [InlineData(float.NaN, "NaN"), InlineData(float.PositiveInfinity, "Inf"), InlineData(float.NegativeInfinity, "-Inf")]
    public void A_sample_that_is_no_number_is_named(float value, string name)
    {
        using var player = new Memory();
        player.Write(new float[2000]);
        Refusal.Expect(() => player.Write([0, 0, value]), "cannot play on memory", $"sample 2002 is {name}");
        Assert.Equal(2000, player.Played.Count);
    }

    [Fact]
    public void A_stop_ends_a_write_of_any_length()
    {
        Memory player = null!;
        int blocks = 0;
        player = new Memory
        {
            Playing = () =>
            {
                if (++blocks == 3) player.Stop();
            },
        };
        player.Write(new float[100_000]);
        Assert.Equal((3, 0), (blocks, player.Played.Count));
        player.Write(new float[10]);
        Assert.Equal(10, player.Played.Count);
    }

    [Fact]
    public void Raw_samples_are_16_bit_integers_and_clip()
    {
        var bytes = new MemoryStream();
        float[] samples = [.. Noise.Of(3000, 2), 1.5f, -1.5f];
        using (var player = new PcmPlayer(bytes, 22050))
        {
            player.Write(samples);
            player.Drain();
        }
        Assert.Equal(Noise.In16Bits(samples), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(bytes.ToArray()).ToArray());
    }

    [Fact]
    public void A_wav_is_what_was_played_until_it_was_drained()
    {
        using var folder = new TempFolder();
        float[] samples = Noise.Of(5000, 3);
        using (var player = new WavPlayer(folder["a.wav"], 24000, WavFormat.Float32))
        {
            player.Write(samples.AsSpan(0, 3000));
            player.Drain();
            Assert.Single(folder.Entries());
            player.Write(samples.AsSpan(3000));
            player.Drain();
        }
        Assert.Equal(["a.wav"], folder.Entries());
        Audio audio = AudioFile.Read(folder["a.wav"]);
        Assert.Equal((24000, 1), (audio.SampleRate, audio.Channels.Length));
        Assert.Equal(samples, audio.Channels[0]);
    }

    [Fact]
    public void A_wav_that_was_interrupted_leaves_the_earlier_one()
    {
        using var folder = new TempFolder();
        string path = folder.Add("a.wav", [1, 2, 3]);
        using (var player = new WavPlayer(path, 22050)) player.Write(new float[5000]);
        Assert.Equal(["a.wav"], folder.Entries());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_wav_that_cannot_be_written_is_told_at_once()
    {
        using var folder = new TempFolder();
        Refusal.Expect(() => new WavPlayer(Path.Combine(folder["absent"], "a.wav"), 22050), "absent", "its folder does not exist");
    }

    private sealed class Memory() : AudioPlayer("memory", 22050)
    {
        public List<float> Played { get; } = [];

        public Action? Playing { get; init; }

        public override int BufferedSamples => 0;

        public override void Drain(CancellationToken cancellation = default)
        {
        }

        protected override void Discard() => Played.Clear();

        protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
        {
            Played.AddRange(samples);
            Playing?.Invoke();
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
