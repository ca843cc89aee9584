using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.AudioIO.Streams;

public class MelFramesTests
{
    private const int Bands = 5;

    private static byte[] Bytes(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static MelFrames Open(byte[] bytes, int mostAtOnce = int.MaxValue) =>
        MelFrames.Open(new ForwardOnlyStream(new MemoryStream(bytes), mostAtOnce), "the pipe", Bands);

    private static float[] ReadAll(MelFrames frames, int most)
    {
        var all = new List<float>();
        var chunk = new float[most * Bands];
        while (frames.Read(chunk) is > 0 and var count) all.AddRange(chunk[..(count * Bands)]);
        return [.. all];
    }

    [Theory]
    [InlineData(1, 3), InlineData(7, 1), InlineData(20, 4), InlineData(1000, 1000), InlineData(int.MaxValue, 2)]
    public void Frames_come_whole_however_the_pipe_delivers_them(int mostAtOnce, int mostFrames)
    {
        float[] values = Noise.Of(Bands * 700, 1);
        Assert.Equal(values, ReadAll(Open(Bytes(values), mostAtOnce), mostFrames));
    }

    [Fact]
    public void What_is_there_is_given_without_waiting_for_more()
    {
        // A pipe that gives one frame and then would wait for ever.
        MelFrames frames = MelFrames.Open(new OneFrame(Bytes(1, 2, 3, 4, 5)), "the pipe", Bands);
        Assert.Equal(1, frames.Read(new float[10 * Bands]));
    }

    [Theory]
    [InlineData(1), InlineData(6), InlineData(19)]
    public void An_end_in_the_middle_of_a_frame_is_told_with_its_bytes(int rest)
    {
        MelFrames frames = Open([.. Bytes(Noise.Of(Bands * 3, 2)), .. new byte[rest]]);
        Assert.Equal(3, frames.Read(new float[10 * Bands]));
        Refusal.Expect(() => frames.Read(new float[10 * Bands]),
            $"the pipe ends in the middle of frame 3: found {rest} bytes of it, expected 20 (5 values of 4 bytes)");
    }

    [Theory]
    [InlineData(float.NaN, "NaN"), InlineData(float.NegativeInfinity, "-Inf")]
    public void A_value_that_is_no_number_is_told_after_the_frames_before_it(float value, string name)
    {
        float[] values = Noise.Of(Bands * 1200, 3);
        values[999 * Bands + 2] = value;
        MelFrames frames = Open(Bytes(values));
        var read = new List<float>();
        var chunk = new float[300 * Bands];
        while (read.Count < 999 * Bands) read.AddRange(chunk[..(frames.Read(chunk) * Bands)]);
        Assert.Equal(values[..(999 * Bands)], read.ToArray());
        for (int again = 0; again < 2; again++)
            Refusal.Expect(() => frames.Read(chunk), $"the pipe has {name} at [band 2, frame 999], expected finite numbers");
    }

    [Theory]
    [InlineData(1), InlineData(100)]
    public void An_npy_is_known_by_its_first_bytes(int mostAtOnce)
    {
        using var folder = new TempFolder();
        float[] values = Noise.Of(Bands * 4, 4);
        MelFile.Write(folder["mel.npy"], values, Bands, 4);
        float[] read = ReadAll(Open(File.ReadAllBytes(folder["mel.npy"]), mostAtOnce), 3);
        for (int t = 0; t < 4; t++)
            for (int b = 0; b < Bands; b++) Assert.Equal(values[b * 4 + t], read[t * Bands + b]);
        Refusal.Expect(() => Open(File.ReadAllBytes(folder["mel.npy"])[..^1], mostAtOnce), "the pipe", "truncated");
    }

    [Theory]
    [InlineData("wav", "a wav file"), InlineData("zip", "a zip"), InlineData("text", "text"), InlineData("short text", "text"),
        InlineData("double", "64-bit floats"), InlineData("half", "16-bit floats")]
    public void Another_format_is_named_before_anything_is_spoken(string format, string name)
    {
        float[] mel = [.. Noise.Of(800, 4).Select(v => 2 * v - 5)];
        byte[] bytes = format switch
        {
            "wav" => WavBytes.Simple(1, 1, 22050, 16, new byte[800]),
            "zip" => Zipped(),
            "text" => System.Text.Encoding.ASCII.GetBytes(string.Join("\n", mel.Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture)))),
            "short text" => "hello\n"u8.ToArray(),
            "double" => [.. mel.SelectMany(v => BitConverter.GetBytes((double)v))],
            _ => [.. mel.SelectMany(v => BitConverter.GetBytes((Half)v))],
        };
        MelFrames frames = MelFrames.Open(new ForwardOnlyStream(new MemoryStream(bytes), 7), "the pipe", 80);
        Refusal.Expect(() => frames.Read(new float[80]), $"the pipe looks like {name}", "80 little-endian float32 values");
    }

    private static byte[] Zipped()
    {
        var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
            zip.CreateEntry("mel.npy").Open().Dispose();
        return stream.ToArray();
    }

    [Fact]
    public void Mels_of_any_recipe_are_frames()
    {
        foreach (MelRecipe recipe in MelRecipe.Presets)
        {
            float[] audio = [.. Noise.Of(40 * recipe.HopSize, 5).Select((v, i) => i % 20_000 < 4000 ? 0 : 0.1f * v)],
                mel = new MelSpectrogram(recipe).Compute(audio);
            MelFrames frames = MelFrames.Open(new MemoryStream([.. mel.SelectMany(BitConverter.GetBytes)]), recipe.Name, recipe.Bands);
            Assert.Equal(1, frames.Read(new float[recipe.Bands]));
        }
    }

    [Fact]
    public void Nothing_is_no_frame() => Assert.Empty(ReadAll(Open([]), 1));

    private sealed class OneFrame(byte[] frame) : Stream
    {
        private int _given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int rest = Math.Min(count, frame.Length - _given);
            if (rest == 0) Assert.Fail("waits for ever");
            frame.AsSpan(_given, rest).CopyTo(buffer.AsSpan(offset));
            _given += rest;
            return rest;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
