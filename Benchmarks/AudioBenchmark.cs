using System.Diagnostics;
using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.Benchmarks;

/// <summary>What NAudio.Core has beside what is written here, on the same inputs: wav files, the ring before a device, the meter.</summary>
internal static class AudioBenchmark
{
    private const int Rate = 22050, Seconds = 60, Block = 220, Mutants = 2000;
    private const long Slack = 64 << 20;

    /// <summary>Measures and prints the tables.</summary>
    public static void Run()
    {
        Machine.Print();
        var noise = new Tensor(1, 1, Rate * Seconds);
        new Philox(1).Normal(noise.Span, 0, 0, 0);
        float[] audio = [.. noise.Span.ToArray().Select(v => (float)(short)(v * 5000) / 32768)];
        byte[] file = Ours(audio, WavFormat.Pcm16);
        _ = new MarkdownTable($"a minute of 16-bit wav, {file.Length >> 20} MB", "NAudio", "ours");
        Row("write, ms", () => Theirs(audio), () => Ours(audio, WavFormat.Pcm16));
        Row("read, ms", () => ReadTheirs(file), () => ReadOurs(file));
        MarkdownTable.Row($"allocated by reading, MB", $"{Allocated(() => ReadTheirs(file))}", $"{Allocated(() => ReadOurs(file))}");
        MarkdownTable.Row($"samples changed by writing and reading", $"{Changed(ReadTheirs(Theirs(audio)))}", $"{Changed(ReadOurs(file))}");
        byte[] small = Ours(audio[..2000], WavFormat.Pcm16);
        MarkdownTable.Row($"{Mutants} damaged files", $"{Hostile(small, ReadTheirs)}", $"{Hostile(small, ReadOurs)}");

        _ = new MarkdownTable("10 ms of sound", "NAudio", "ours");
        float[] block = audio[..Block], answer = new float[Block];
        var buffered = new BufferedWaveProvider(WaveFormat.CreateIeeeFloatWaveFormat(Rate, 1), TimeSpan.FromSeconds(0.2));
        var ring = new SampleRing(Rate / 5);
        Nanoseconds("through the ring (BufferedWaveProvider), ns", () =>
        {
            buffered.AddSamples(MemoryMarshal.AsBytes(block.AsSpan()));
            buffered.Read(MemoryMarshal.AsBytes(answer.AsSpan()));
        }, () =>
        {
            ring.Write(block);
            ring.Read(answer);
        });
        float loudest = 0;
        var meter = new MeteringSampleProvider(new Silence(), Block);
        meter.StreamVolume += (_, e) => loudest = Math.Max(loudest, e.MaxSampleValues![0]);
        Nanoseconds("peak (MeteringSampleProvider), ns", () => meter.Read(answer),
            () => loudest = Math.Max(loudest, Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude<float>(block))));

        int Changed(float[] read) => audio.Where((v, i) => read[i] != v).Count();
    }

    private static void Row(string what, Action theirs, Action ours) =>
        MarkdownTable.Row($"{what}", $"{1000 * Clock.Shortest(theirs):0.0}", $"{1000 * Clock.Shortest(ours):0.0}");

    private static void Nanoseconds(string what, Action theirs, Action ours)
    {
        const int Times = 10_000;
        MarkdownTable.Row($"{what}", $"{Of(theirs):0}", $"{Of(ours):0}");

        static double Of(Action once) => 1e9 / Times * Clock.Shortest(() =>
        {
            for (int i = 0; i < Times; i++) once();
        });
    }

    private static long Allocated(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) >> 20;
    }

    private static byte[] Ours(float[] audio, WavFormat format)
    {
        var stream = new MemoryStream();
        using (var writer = new WavWriter(stream, Rate, format, leaveOpen: true)) writer.Write(audio);
        return stream.ToArray();
    }

    private static byte[] Theirs(float[] audio)
    {
        var stream = new MemoryStream();
        using (var writer = new WaveFileWriter(stream, new WaveFormat(Rate, 16, 1))) writer.WriteSamples(audio, 0, audio.Length);
        return stream.ToArray();
    }

    private static float[] ReadOurs(byte[] file) => WavReader.Read(new MemoryStream(file), "a.wav").Channels[0];

    private static float[] ReadTheirs(byte[] file)
    {
        using var reader = new WaveFileReader(new MemoryStream(file));
        ISampleProvider samples = reader.ToSampleProvider();
        var all = new List<float>();
        var block = new float[8192];
        while (samples.Read(block) is > 0 and var count) all.AddRange(block.AsSpan(0, count));
        return [.. all];
    }

    // Each with one to four other bytes in its header, or cut.
    private static string Hostile(byte[] good, Func<byte[], float[]> read)
    {
        int whole = 0, refused = 0, foreign = 0, greedy = 0, slow = 0;
        var random = new Random(2);
        for (int i = 0; i < Mutants; i++)
        {
            byte[] mutant = [.. good];
            for (int faults = random.Next(1, 5); faults > 0; faults--) mutant[random.Next(48)] = (byte)random.Next(256);
            if (i % 4 == 0) mutant = mutant[..random.Next(mutant.Length)];
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                read(mutant);
                whole++;
            }
            catch (VocoderException)
            {
                refused++;
            }
            catch (Exception e)
            {
                if (e is FormatException or ArgumentException or EndOfStreamException or InvalidDataException or NotSupportedException) refused++;
                else foreign++;
            }
            if (GC.GetAllocatedBytesForCurrentThread() - before > 50L * mutant.Length + Slack) greedy++;
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > 1) slow++;
        }
        return $"{whole} read, {refused} refused, {foreign} other exceptions, {greedy} took over 64 MB, {slow} over a second";
    }

    private sealed class Silence : ISampleProvider
    {
        public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(Rate, 1);

        public int Read(Span<float> buffer) => buffer.Length;
    }
}
