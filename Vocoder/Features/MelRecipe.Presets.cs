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

    private static readonly MelRecipe s_bigvgan24 = s_hifigan with
    {
        Name = "bigvgan-24k", Description = "BigVGAN 24 kHz, 100 bands", SampleRate = 24000, Bands = 100, MaxFrequency = 12000,
    };

    private static readonly MelRecipe s_vocos = s_nvidia with
    {
        Name = "vocos", Description = "Vocos 24 kHz", SampleRate = 24000, Bands = 100, MaxFrequency = 12000,
        MelScale = MelScale.Htk, MelNorm = MelNorm.None, Floor = 1e-7,
    };

    private static readonly MelRecipe s_parallelWaveGan = s_nvidia with
    {
        Name = "parallelwavegan", Description = "ParallelWaveGAN (kan-bayashi), TensorFlowTTS; what their vocoders read is normalised by statistics besides",
        MinFrequency = 80, MaxFrequency = 7600, Logarithm = MelLogarithm.Log10, Floor = 1e-10, FramesFirst = true,
    };

    // 20·log10, less 20, from −100…0 to ±4.
    private static readonly MelRecipe s_coqui = s_nvidia with
    {
        Name = "coqui", Description = "Coqui TTS default audio configuration: (dB − 20) from −100…0 to ±4, clipped",
        MaxFrequency = 11025, Logarithm = MelLogarithm.Decibel, Floor = 1e-8,
        OutputScale = 0.08, OutputOffset = 2.4, OutputMin = -4, OutputMax = 4,
    };

    private static readonly MelRecipe s_melgan = s_hifigan with
    {
        Name = "melgan", Description = "MelGAN (descriptinc), as its interface makes them", MaxFrequency = 11025, MagnitudeEpsilon = 0,
        Logarithm = MelLogarithm.Log10,
    };

    private static readonly MelRecipe s_cosyVoice2 = s_hifigan with
    {
        Name = "cosyvoice2", Description = "CosyVoice 2, 24 kHz, 50 frames a second", SampleRate = 24000, FftSize = 1920, WindowSize = 1920, HopSize = 480,
    };

    // Of a window of 50 ms in a transform of 93 ms, every 12.5 ms.
    private static readonly MelRecipe s_wavernn = s_nvidia with
    {
        Name = "wavernn", Description = "WaveRNN (fatchord): dB from −100…0 to 0…1, clipped", FftSize = 2048, WindowSize = 1100, HopSize = 275,
        MinFrequency = 40, MaxFrequency = 11025, Logarithm = MelLogarithm.Decibel, OutputScale = 0.01, OutputOffset = 1, OutputMin = 0, OutputMax = 1,
    };

    /// <summary>The recipes of the common toolkits.</summary>
    public static IReadOnlyList<MelRecipe> Presets { get; } =
    [
        s_nvidia,
        s_hifigan,
        s_hifigan with { Name = "hifigan-train", Description = "HiFi-GAN when it trains from scratch: recordings scaled to a peak of 0.95", PeakLevel = 0.95 },
        s_hifigan with { Name = "matcha", Description = "Matcha-TTS, as its command saves them (the recipe of HiFi-GAN)" },
        s_hifigan with
        {
            Name = "matcha-norm", Description = "Matcha-TTS inside, normalised by LJSpeech's mean −5.536622 and deviation 2.116101",
            OutputScale = 1 / 2.116101, OutputOffset = 5.536622 / 2.116101,
        },
        s_hifigan with { Name = "cosyvoice", Description = "CosyVoice 1 (the recipe of HiFi-GAN)" },
        s_cosyVoice2,
        s_cosyVoice2 with { Name = "cosyvoice3", Description = "CosyVoice 3, 24 kHz, 50 frames a second, to 12 kHz", MaxFrequency = 12000 },
        s_hifigan with { Name = "bigvgan-22k", Description = "BigVGAN 22 kHz, 80 bands to 8 kHz (the recipe of HiFi-GAN)" },
        s_hifigan with { Name = "bigvgan-22k-full", Description = "BigVGAN v2 22 kHz, 80 bands to 11025 Hz", MaxFrequency = 11025 },
        s_bigvgan24,
        s_hifigan with
        {
            Name = "bigvgan-44k", Description = "BigVGAN 44.1 kHz, 128 bands",
            SampleRate = 44100, FftSize = 2048, WindowSize = 2048, HopSize = 512, Bands = 128, MaxFrequency = 22050,
        },
        s_hifigan with { Name = "nemo", Description = "NVIDIA NeMo HiFi-GAN (exact_pad)", MagnitudeEpsilon = 0, Window = MelWindow.HannSymmetric },
        s_nvidia with { Name = "speechbrain", Description = "SpeechBrain HiFi-GAN 22.05 kHz" },
        s_nvidia with { Name = "speechbrain-16k", Description = "SpeechBrain HiFi-GAN 16 kHz", SampleRate = 16000 },
        s_parallelWaveGan with
        {
            Name = "espnet", Description = "ESPnet 2 TTS, which floors the power spectrum; what its models make is normalised by statistics besides",
            PowerFloor = 1e-10,
        },
        s_parallelWaveGan,
        s_coqui,
        s_nvidia with { Name = "coqui-ln", Description = "Coqui TTS FastPitch, FastSpeech 2, Neural HMM, Overflow recipes (signal_norm off)", Floor = 1e-8 },
        s_nvidia with
        {
            Name = "mozilla", Description = "Mozilla TTS, 50 to 7600 Hz, log10; what its vocoders read is normalised by statistics besides",
            MinFrequency = 50, MaxFrequency = 7600, Logarithm = MelLogarithm.Log10,
        },
        s_coqui with { Name = "mozilla-range", Description = "Mozilla TTS, (dB − 20) from −100…0 to ±4, clipped", MaxFrequency = 8000, Floor = 1e-5 },
        s_melgan,
        s_melgan with { Name = "melgan-train", Description = "MelGAN when it trains: recordings scaled to a peak of 0.95", PeakLevel = 0.95 },
        s_parallelWaveGan with
        {
            Name = "r9y9", Description = "wavenet_vocoder (r9y9): a causal high-pass of 70 Hz first, 127 samples late; normalised by statistics besides",
            MinFrequency = 125, HighPass = 70,
        },
        s_wavernn with
        {
            Name = "rayhane", Description = "Tacotron-2 (Rayhane-mamah): pre-emphasis, power spectrum, dB from −100…0 to ±4, clipped",
            MinFrequency = 55, MaxFrequency = 7600, SpectrumPower = 2, OutputScale = 0.08, OutputOffset = 2.4, OutputMin = -4, OutputMax = 4,
            Padding = MelPadding.Zeros, PreEmphasis = 0.97, PeakLevel = 0.999, FramesFirst = true,
        },
        s_wavernn,
        s_nvidia with
        {
            Name = "flowavenet", Description = "FloWaveNet and ClariNet of ksw0306: power spectrum, dB to 0…1, clipped",
            MinFrequency = 125, MaxFrequency = 7600, SpectrumPower = 2, Logarithm = MelLogarithm.Decibel, Floor = 1e-4,
            OutputScale = 0.01, OutputOffset = 0.8, OutputMin = 0, OutputMax = 1,
        },
        s_vocos,
        s_vocos with { Name = "vocos-same", Description = "Vocos 24 kHz with padding \"same\"", Centering = MelCentering.HopCentered },
        s_vocos with { Name = "f5tts", Description = "F5-TTS with Vocos: as Vocos, floor 1e-5", Floor = 1e-5 },
        s_bigvgan24 with { Name = "f5tts-bigvgan", Description = "F5-TTS with BigVGAN (the recipe of BigVGAN 24 kHz)" },
        s_vocos with { Name = "rfwave", Description = "RFWave 24 kHz: as Vocos with log10", Logarithm = MelLogarithm.Log10 },
        s_vocos with { Name = "wavefm", Description = "WaveFM 24 kHz: power spectrum", SpectrumPower = 2, Floor = 1e-5 },
    ];

    /// <summary>The preset of this name; case does not matter.</summary>
    /// <exception cref="VocoderException">There is no such preset; the message lists those there are.</exception>
    public static MelRecipe ByName(string name) =>
        Presets.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new VocoderException($"mel recipe '{name}' is not known, expected one of {string.Join(", ", Presets.Select(p => p.Name))}");
}
