using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Recordings in latent space, as NumPy reads them. NAME.npz holds all: z [group, steps], mel [bands, frames], phase [samples], f0 [frames], and voice, eight
/// numbers that tell by which voice it was encoded. NAME.npy is z alone, and the rest lies beside it: NAME.mel.npy, NAME.phase.npy, NAME.f0.npy,
/// NAME.voice.npy.
/// </summary>
public static class LatentFile
{
    private const string Latent = "z", Mel = "mel", Phase = "phase", F0 = "f0", Voice = "voice";

    /// <summary>Endings of names that can be written and read.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".npz", ".npy"];

    /// <summary>Reads what <see cref="Write"/> wrote, or a program put in its place; whether the parts fit each other shows when they are decoded.</summary>
    /// <param name="path">The .npz, or the .npy of z.</param>
    /// <param name="recipe">The recipe of the mel.</param>
    /// <exception cref="VocoderException">A file cannot be read, or a part is missing or has another shape.</exception>
    public static LatentSpeech Read(string path, MelRecipe recipe)
    {
        IReadOnlyDictionary<string, NpyArray> parts = IsArchive(path) ? Npz.Read(path) : ReadFiles(path);
        NpyArray z = Part(path, parts, Latent), mel = Part(path, parts, Mel);
        if (z.Shape is not [var group, > 0] || group == 0)
            throw new VocoderException($"{Name(path, Latent)} has shape {NpyArray.Describe(z.Shape)}, expected [group, steps]");
        if (mel.Shape is not [var bands, > 0] || bands != recipe.Bands)
            throw new VocoderException($"{Name(path, Mel)} has shape {NpyArray.Describe(mel.Shape)}, expected [{recipe.Bands}, frames]");
        return new LatentSpeech { Z = z.Data, Group = group, Mel = mel.Data, Phase = Row(Phase), F0 = Row(F0), Voice = Row(Voice) };

        float[] Row(string name) => !parts.TryGetValue(name, out NpyArray? part) ? [] : part.Shape.Length == 1 ? part.Data
            : throw new VocoderException($"{Name(path, name)} has shape {NpyArray.Describe(part.Shape)}, expected one axis");
    }

    /// <summary>Writes the archive, or the files of which z is written last: where it is, all are.</summary>
    /// <exception cref="VocoderException">A file cannot be written.</exception>
    public static void Write(string path, LatentSpeech latent, MelRecipe recipe)
    {
        (string Name, NpyArray Array)[] parts =
        [
            (Mel, new NpyArray(latent.Mel, [recipe.Bands, latent.Mel.Length / recipe.Bands])), (Phase, Row(latent.Phase)), (F0, Row(latent.F0)),
            (Voice, Row(latent.Voice)),
            (Latent, new NpyArray(latent.Z, [latent.Group, latent.Steps])),
        ];
        parts = [.. parts.Where(part => part.Array.Data.Length > 0)];
        if (IsArchive(path)) Npz.Write(path, parts);
        else foreach (var (name, array) in parts) Npy.Write(FileOf(path, name), array.Data, array.Shape);

        static NpyArray Row(float[] values) => new(values, [values.Length]);
    }

    /// <summary>The files that are written for a name: more than one where it does not end in .npz.</summary>
    public static IReadOnlyList<string> FilesOf(string path) =>
        IsArchive(path) ? [path] : [.. ((string[])[Latent, Mel, Phase, F0, Voice]).Select(part => FileOf(path, part))];

    private static bool IsArchive(string path) => Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    private static string FileOf(string path, string part) => part == Latent ? path : Path.ChangeExtension(path, $".{part}.npy");

    private static string Name(string path, string part) => IsArchive(path) ? $"'{path}': {part}" : $"'{FileOf(path, part)}'";

    private static NpyArray Part(string path, IReadOnlyDictionary<string, NpyArray> parts, string name) => parts.GetValueOrDefault(name)
        ?? throw new VocoderException(
            $"'{path}' has no array '{name}', expected what 'vocoder encode' writes: z, mel and, for a voice that is told the phase, phase and f0");

    private static Dictionary<string, NpyArray> ReadFiles(string path) => ((string[])[Latent, Mel, Phase, F0, Voice])
        .Where(part => part is Latent or Mel || File.Exists(FileOf(path, part))).ToDictionary(part => part, part => Npy.Read(FileOf(path, part)));
}
