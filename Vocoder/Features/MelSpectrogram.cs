using System.Buffers;
using FlowVocoder.Compute;

namespace FlowVocoder.Features;

/// <summary>
/// Computes mel spectrograms by a recipe, in double precision. Every frame is computed by one thread in one order,
/// so the result does not depend on the number of threads. Instances may be shared by threads.
/// </summary>
public sealed class MelSpectrogram
{
    // Frames a thread computes at once, so that short signals do not pay for threads.
    private const int BlockFrames = 64;

    private readonly Stft _stft;
    private readonly MelFilterBank _bank;

    /// <summary>Prepares tables for a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public MelSpectrogram(MelRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        Recipe = recipe;
        _stft = new Stft(recipe.FftSize, Windows.Of(recipe), recipe.HopSize);
        _bank = new MelFilterBank(recipe);
        Padding = (recipe.Centering == MelCentering.Centered ? recipe.FftSize : recipe.FftSize - recipe.HopSize) / 2;
    }

    /// <summary>The recipe.</summary>
    public MelRecipe Recipe { get; }

    /// <summary>Samples by which a signal is extended at either end.</summary>
    internal int Padding { get; }

    /// <summary>
    /// Frames of a signal: 1 + ⌊samples/hop⌋ when centred, ⌊samples/hop⌋ when hop-centred; none for an empty signal.
    /// </summary>
    /// <param name="samples">Samples at the recipe's rate, ≥ 0.</param>
    public int FrameCount(int samples) => samples == 0 ? 0 : _stft.FrameCount(checked(samples + (2 * Padding)));

    /// <summary>The index in the signal of the first of the FftSize samples that frame <paramref name="frame"/> is made of; negative in the padding.</summary>
    public int FirstSample(int frame) => (frame * Recipe.HopSize) - Padding;

    /// <summary>
    /// The mel spectrogram of a signal, prepared where the recipe says so (<see cref="MelPreparation"/>), reflected at its ends (signals shorter than the
    /// padding as numpy does it) or padded with zeros.
    /// </summary>
    /// <param name="audio">Samples at the recipe's rate, −1 … 1.</param>
    /// <param name="parallelism">Threads; one per processor by default.</param>
    /// <returns>[Bands, FrameCount(audio.Length)] row-major.</returns>
    /// <exception cref="VocoderException">The signal is too short for one frame.</exception>
    public unsafe float[] Compute(ReadOnlySpan<float> audio, Parallelism? parallelism = null)
    {
        int frames = FrameCount(audio.Length);
        if (frames == 0)
        {
            int least = Recipe.Centering == MelCentering.Centered ? 1 : Recipe.HopSize;
            throw new VocoderException($"audio of {audio.Length} samples gives no frame of a '{Recipe.Name}' mel, expected at least {least}");
        }
        if (Recipe.PreparesRecording) audio = MelPreparation.Apply(Recipe, audio);
        float[] mel = new float[Recipe.Bands * frames];
        fixed (float* pinned = audio)
        {
            // A lambda cannot capture a span, but Parallel.For returns before the audio is unpinned.
            nint address = (nint)pinned;
            int samples = audio.Length;
            var options = new ParallelOptions { MaxDegreeOfParallelism = (parallelism ?? new Parallelism()).Threads };
            Parallel.For(0, (frames + BlockFrames - 1) / BlockFrames, options, block =>
                ComputeBlock(new ReadOnlySpan<float>((float*)address, samples), block * BlockFrames, mel, frames));
        }
        return mel;
    }

    private void ComputeBlock(ReadOnlySpan<float> audio, int firstFrame, float[] mel, int frames)
    {
        double[] samples = ArrayPool<double>.Shared.Rent(Recipe.FftSize);
        float[] column = ArrayPool<float>.Shared.Rent(Recipe.Bands);
        for (int f = firstFrame; f < Math.Min(frames, firstFrame + BlockFrames); f++)
        {
            Features.Padding.Extend(Recipe.Padding, audio, 0, audio.Length, FirstSample(f), samples.AsSpan(0, Recipe.FftSize));
            Frame(samples.AsSpan(0, Recipe.FftSize), column.AsSpan(0, Recipe.Bands));
            for (int band = 0; band < Recipe.Bands; band++) mel[(band * frames) + f] = column[band];
        }
        ArrayPool<double>.Shared.Return(samples);
        ArrayPool<float>.Shared.Return(column);
    }

    /// <summary>The mel values of one frame of a prepared recording: window, transform, filter bank, logarithm. Allocates nothing in steady state.</summary>
    /// <param name="samples">[FftSize] samples, from <see cref="FirstSample"/> on.</param>
    /// <param name="mel">[Bands] receives the values.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Frame(ReadOnlySpan<double> samples, Span<float> mel)
    {
        if (mel.Length != Recipe.Bands)
            throw new ArgumentException($"room for {mel.Length} bands, expected {Recipe.Bands}", nameof(mel));
        int bins = _stft.Bins;
        double[] rented = ArrayPool<double>.Shared.Rent((2 * bins) + Recipe.Bands);
        Span<double> re = rented.AsSpan(0, bins), im = rented.AsSpan(bins, bins), bands = rented.AsSpan(2 * bins, Recipe.Bands);
        _stft.Frame(samples, re, im);
        for (int k = 0; k < bins; k++)
        {
            double power = (re[k] * re[k]) + (im[k] * im[k]);
            power = Math.Max(power, Recipe.PowerFloor) + Recipe.MagnitudeEpsilon;
            re[k] = Recipe.SpectrumPower == 2 ? power : Math.Sqrt(power);
        }
        _bank.Apply(re, bands);
        for (int band = 0; band < bands.Length; band++) mel[band] = (float)Recipe.FromAmplitude(bands[band]);
        ArrayPool<double>.Shared.Return(rented);
    }
}
