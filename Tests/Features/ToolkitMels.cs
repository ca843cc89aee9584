using FlowVocoder.AudioIO;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

/// <summary>What the front ends of the toolkits themselves, run on the CPU, made of synthetic waves (Fixtures/mels).</summary>
internal static class ToolkitMels
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "mels");

    /// <summary>Array → our recipe, the rate of its wave, and the statistics it is normalised by.</summary>
    public static IReadOnlyDictionary<string, (string Recipe, int Rate, string? Statistics)> All { get; } = new Dictionary<string, (string, int, string?)>
    {
        ["tacotron2_waveglow_22k"] = ("nvidia", 22050, null),
        ["hifigan_v1_22k"] = ("hifigan", 22050, null),
        ["hifigan_v1_22k_trainpeak095"] = ("hifigan-train", 22050, null),
        ["bigvgan_v2_22k_80_256x"] = ("bigvgan-22k-full", 22050, null),
        ["bigvgan_24k_100"] = ("bigvgan-24k", 24000, null),
        ["bigvgan_v2_44k_128_512"] = ("bigvgan-44k", 44100, null),
        ["pwg_hifigan_v1_22k_raw"] = ("parallelwavegan", 22050, null),
        ["pwg_hifigan_v1_22k_norm"] = ("parallelwavegan", 22050, "pwg_stats"),
        ["coqui_natlog_22k"] = ("coqui-ln", 22050, null),
        ["mozilla_log10_raw_22k"] = ("mozilla", 22050, null),
        ["mozilla_stats_22k"] = ("mozilla", 22050, "mozilla_mel_mean_std"),
        ["mozilla_range_22k"] = ("mozilla-range", 22050, null),
        ["matcha_lj_22k_norm"] = ("matcha-norm", 22050, null),
        ["matcha_lj_22k_denorm"] = ("matcha", 22050, null),
        ["speechbrain_lj_22k"] = ("speechbrain", 22050, null),
        ["vocos_24k"] = ("vocos", 24000, null),
        ["vocos_24k_same"] = ("vocos-same", 24000, null),
        ["f5tts_v1_24k_vocos"] = ("f5tts", 24000, null),
        ["cosyvoice2_24k"] = ("cosyvoice2", 24000, null),
        ["cosyvoice3_24k"] = ("cosyvoice3", 24000, null),
        ["r9y9_mol_22k_raw"] = ("r9y9", 22050, null),
        ["r9y9_mol_22k_norm"] = ("r9y9", 22050, "r9y9_mean_scale"),
        ["rayhane_tacotron2_22k"] = ("rayhane", 22050, null),
        ["wavernn_22k"] = ("wavernn", 22050, null),
        ["melgan_22k"] = ("melgan", 22050, null),
        ["melgan_22k_trainpeak095"] = ("melgan-train", 22050, null),
    };

    public static string PathOf(string file) => Path.Combine(s_folder, file);

    public static float[] Wave(int rate) => Recording.Read(PathOf($"test_{rate}.wav"), rate).Samples;

    /// <summary>An array as [bands, frames].</summary>
    public static MelArray Mel(string array) => MelFile.Read(PathOf($"{array}.npy"), MelRecipe.ByName(All[array].Recipe).Bands);

    public static MelStatistics? Statistics(string array) =>
        All[array].Statistics is { } file ? MelStatisticsFile.Read(PathOf($"{file}.npy"), MelRecipe.ByName(All[array].Recipe).Bands) : null;
}
