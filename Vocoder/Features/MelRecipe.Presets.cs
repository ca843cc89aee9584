namespace FlowVocoder.Features;

public sealed partial record MelRecipe
{
    // Each differs from its ancestor only in what stands in its line; the sources are the toolkits' published code and configurations.
    private static readonly MelRecipe s_nvidia = new()
    {
        Name = "nvidia",
        Description = "NVIDIA Tacotron 2, WaveGlow, Flowtron; WaveFlow",
        SampleRate = 22050, FftSize = 1024, WindowSize = 1024, HopSize = 256,
        Bands = 80, MinFrequency = 0, MaxFrequency = 8000, MelScale = MelScale.Slaney, MelNorm = MelNorm.Slaney,
        Centering = MelCentering.Centered, SpectrumPower = 1, Logarithm = MelLogarithm.Natural, Floor = 1e-5,
    };

    private static readonly MelRecipe s_hifigan = s_nvidia with
    {
        Name = "hifigan", Description = "HiFi-GAN, Matcha-TTS, BigVGAN 22 kHz (fmax 8000)",
        Centering = MelCentering.HopCentered, MagnitudeEpsilon = 1e-9,
    };

    private static readonly MelRecipe s_vocos = s_nvidia with
    {
        Name = "vocos", Description = "Vocos 24 kHz", SampleRate = 24000, Bands = 100, MaxFrequency = 12000,
        MelScale = MelScale.Htk, MelNorm = MelNorm.None, Floor = 1e-7,
    };

    /// <summary>The recipes of the common toolkits.</summary>
    public static IReadOnlyList<MelRecipe> Presets { get; } =
    [
        s_nvidia,
        s_hifigan,
        s_hifigan with { Name = "bigvgan-24k", Description = "BigVGAN 24 kHz, 100 bands", SampleRate = 24000, Bands = 100, MaxFrequency = 12000 },
        s_hifigan with
        {
            Name = "bigvgan-44k", Description = "BigVGAN 44.1 kHz, 128 bands",
            SampleRate = 44100, FftSize = 2048, WindowSize = 2048, HopSize = 512, Bands = 128, MaxFrequency = 22050,
        },
        s_hifigan with { Name = "nemo", Description = "NVIDIA NeMo HiFi-GAN (exact_pad)", MagnitudeEpsilon = 0, Window = MelWindow.HannSymmetric },
        s_nvidia with { Name = "speechbrain", Description = "SpeechBrain HiFi-GAN 22.05 kHz" },
        s_nvidia with { Name = "speechbrain-16k", Description = "SpeechBrain HiFi-GAN 16 kHz", SampleRate = 16000 },
        s_nvidia with
        {
            Name = "espnet", Description = "ESPnet2 TTS, ParallelWaveGAN (before their mean-variance normalisation)",
            MinFrequency = 80, MaxFrequency = 7600, Logarithm = MelLogarithm.Log10, Floor = 1e-10,
        },
        s_nvidia with
        {
            Name = "coqui", Description = "Coqui TTS default audio configuration: (dB − 20) from −100…0 to ±4, clipped",
            MaxFrequency = 11025, Logarithm = MelLogarithm.Decibel, Floor = 1e-8,
            OutputScale = 0.08, OutputOffset = 2.4, OutputMin = -4, OutputMax = 4,
        },
        s_nvidia with { Name = "coqui-ln", Description = "Coqui TTS FastPitch, FastSpeech 2, Neural HMM, Overflow recipes (signal_norm off)", Floor = 1e-8 },
        s_nvidia with
        {
            Name = "flowavenet", Description = "FloWaveNet and ClariNet of ksw0306: power spectrum, dB to 0…1, clipped",
            MinFrequency = 125, MaxFrequency = 7600, SpectrumPower = 2, Logarithm = MelLogarithm.Decibel, Floor = 1e-4,
            OutputScale = 0.01, OutputOffset = 0.8, OutputMin = 0, OutputMax = 1,
        },
        s_vocos,
        s_vocos with { Name = "rfwave", Description = "RFWave 24 kHz: as Vocos with log10", Logarithm = MelLogarithm.Log10 },
        s_vocos with { Name = "wavefm", Description = "WaveFM 24 kHz: power spectrum", SpectrumPower = 2, Floor = 1e-5 },
    ];

    /// <summary>The preset of this name; case does not matter.</summary>
    /// <exception cref="VocoderException">There is no such preset; the message lists those there are.</exception>
    public static MelRecipe ByName(string name) =>
        Presets.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new VocoderException($"mel recipe '{name}' is not known, expected one of {string.Join(", ", Presets.Select(p => p.Name))}");
}
