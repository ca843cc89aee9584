using System.Numerics;
using FlowVocoder.Compute;
using MathNet.Numerics.IntegralTransforms;

namespace FlowVocoder.Tests.Compute;

[Collection(SimdCollection.Name)]
public class FourierTests
{
    private readonly Random _random = new(1);

    private static Tensor Hann(int size) =>
        Tensor.From([.. Enumerable.Range(0, size).Select(n => (float)(0.5 - 0.5 * Math.Cos(2 * Math.PI * n / size)))], 1, 1, size);

    // By MathNet, in double.
    private static Complex[] Spectrum(ReadOnlySpan<float> x, Tensor window)
    {
        var frame = new Complex[window.Size];
        for (int n = 0; n < frame.Length; n++) frame[n] = (double)x[n] * window.Span[n];
        Fourier.Forward(frame, FourierOptions.Matlab);
        return frame[..(frame.Length / 2 + 1)];
    }

    [Theory]
    [InlineData(4, 1, 1)]
    [InlineData(8, 3, 5)]
    [InlineData(16, 4, 17)]
    [InlineData(64, 16, 9)]
    [InlineData(512, 128, 3)]
    [InlineData(1024, 256, 21)]
    [InlineData(2048, 300, 8)]
    public void Spectra_are_those_of_the_definition_at_every_width_and_thread_count(int size, int hop, int frames)
    {
        Tensor x = Samples.Normal(_random, 2, 1, (frames - 1) * hop + size + hop - 1), window = Hann(size);
        Tensor expected = new CpuOps().Stft(x, window, hop);
        Assert.Equal((2, size + 2, frames), (expected.Batch, expected.Channels, expected.Length));
        for (int b = 0; b < 2; b++)
            for (int f = 0; f < frames; f++)
            {
                Complex[] spectrum = Spectrum(x.Row(b, 0)[(f * hop)..], window);
                double scale = Math.Sqrt(spectrum.Sum(v => v.Magnitude * v.Magnitude));
                for (int k = 0; k <= size / 2; k++)
                {
                    Assert.Equal(spectrum[k].Real, expected.Row(b, k)[f], 1e-6 * scale);
                    Assert.Equal(spectrum[k].Imaginary, expected.Row(b, size / 2 + 1 + k)[f], 1e-6 * scale);
                }
            }
        SimdCollection.AtEachWidth(bits => Samples.SameBits(expected.Span, new CpuOps(new Parallelism(2)).Stft(x, window, hop).Span, $"stft at {bits} bits"));
    }

    [Theory]
    [InlineData(8, 2, 5)]
    [InlineData(64, 16, 20)]
    [InlineData(1024, 256, 11)]
    public void Overlapped_frames_undo_the_transform(int size, int hop, int frames)
    {
        Tensor x = Samples.Normal(_random, 2, 1, (frames - 1) * hop + size), window = Hann(size);
        var ops = new CpuOps();
        Tensor y = ops.OverlapAdd(ops.Stft(x, window, hop), window, hop);
        // Squared Hann windows of quarter hops add up to 3/2 where four of them lie.
        for (int b = 0; b < 2; b++)
            for (int t = size; t < x.Length - size; t++) Assert.Equal(1.5 * x.Row(b, 0)[t], y.Row(b, 0)[t], 3e-6);
        Tensor spectra = ops.Stft(x, window, hop);
        SimdCollection.AtEachWidth(bits => Samples.SameBits(y.Span, new CpuOps(new Parallelism(2)).OverlapAdd(spectra, window, hop).Span,
            $"overlap-add at {bits} bits"));
    }

    [Fact]
    public void Frames_added_in_parts_give_the_same_bits()
    {
        const int size = 64, hop = 16, frames = 37;
        Tensor window = Hann(size), x = Samples.Normal(_random, 1, 1, (frames - 1) * hop + size);
        var ops = new CpuOps();
        Tensor spectra = ops.Stft(x, window, hop), whole = ops.OverlapAdd(spectra, window, hop);
        var parts = new List<float>();
        float[] overlap = new float[size - hop];
        for (int first = 0, count; first < frames; first += count)
        {
            count = Math.Min(_random.Next(1, 12), frames - first);
            Tensor part = ops.Stft(Tensor.From(x.Span.Slice(first * hop, (count - 1) * hop + size), 1, 1, (count - 1) * hop + size), window, hop);
            Tensor add = new(1, 1, (count - 1) * hop + size);
            overlap.CopyTo(add.Span);
            ReadOnlySpan<float> y = ops.OverlapAdd(part, window, hop, add).Span;
            parts.AddRange(y[..(count * hop)]);
            overlap = y[(count * hop)..].ToArray();
        }
        parts.AddRange(overlap);
        Samples.SameBits(whole.Span, [.. parts], "overlap-add in parts");
    }

    [Fact]
    public void Gradient_of_the_transform_equals_central_differences()
    {
        Tensor window = Hann(8);
        GradientCheck.Run((ops, i) => ops.Stft(i[0], window, 3), Samples.Normal(_random, 2, 1, 21));
    }

    [Fact]
    public void Gradient_of_the_way_back_equals_central_differences()
    {
        Tensor window = Hann(8);
        GradientCheck.Run((ops, i) => ops.OverlapAdd(i[0], window, 3, i[1]), Samples.Normal(_random, 2, 10, 4), Samples.Normal(_random, 2, 1, 17));
    }

    [Fact]
    public void Sizes_that_cannot_be_are_named()
    {
        var ops = new CpuOps();
        Assert.Contains("a power of two", Assert.Throws<ArgumentException>(() => ops.Stft(new Tensor(1, 1, 24), new Tensor(1, 1, 12), 4)).Message,
            StringComparison.Ordinal);
        Assert.Contains("[1, 1, 7]", Assert.Throws<ArgumentException>(() => ops.Stft(new Tensor(1, 1, 7), new Tensor(1, 1, 8), 4)).Message,
            StringComparison.Ordinal);
        Assert.Contains("[1, 8, 2]", Assert.Throws<ArgumentException>(() => ops.OverlapAdd(new Tensor(1, 8, 2), new Tensor(1, 1, 8), 4)).Message,
            StringComparison.Ordinal);
    }
}
