using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="ClariNet"/> from a voice file, or from the checkpoints of a student and its teacher of https://github.com/ksw0306/ClariNet.</summary>
public static class ClariNetVoice
{
    private const string First = "iafs.0.", Upsampling = ClariNetVocoder.Upsampling + ".", Family = "the student of a ClariNet";

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static ClariNet FromFile(VoiceFile voice)
    {
        if (voice.Model != ClariNet.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{ClariNet.KindName}'");
        return Create(ClariNetConfig.FromJson(voice.Config, voice.Source), MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors);
    }

    /// <summary>Whether a tensor's name is one that every published student has and no other family.</summary>
    internal static bool IsKey(string name) => name == First + "front_conv.0.conv.weight_v";

    /// <summary>
    /// The model of a student's state dictionary, with the up-sampling of its teacher's. All but the layers of a block follows from the shapes; those are 10 as
    /// published, unless a file of the same name with the extension .json says otherwise, in the names of <see cref="ClariNetConfig"/>.
    /// </summary>
    /// <param name="student">Tensors of the student; with those of the up-sampling among them, no teacher is needed.</param>
    /// <param name="path">The student's file.</param>
    /// <param name="teacher">Tensors of the teacher, or null.</param>
    /// <exception cref="VocoderException">There is no up-sampling, or the weights are of another model.</exception>
    internal static ClariNet FromTensors(IReadOnlyDictionary<string, SafeTensor> student, string path, IReadOnlyDictionary<string, SafeTensor>? teacher)
    {
        var tensors = student.ToDictionary();
        foreach (var (name, tensor) in teacher ?? new Dictionary<string, SafeTensor>())
            if (name.StartsWith(Upsampling, StringComparison.Ordinal)) tensors[name] = tensor;
        if (!tensors.ContainsKey(Invariant($"{Upsampling}0.weight_v")))
            throw new VocoderException($"{path}: is the student of a ClariNet, which hears mels through its teacher, "
                + "expected that too: vocoder import STUDENT VOICE.safetensors --teacher TEACHER");
        string beside = Path.ChangeExtension(path, ".json");
        ClariNetConfig config = File.Exists(beside) ? ClariNetConfig.FromJson(File.ReadAllText(beside), beside) : new ClariNetConfig();
        var keys = new ClariNetKeys(tensors, path, Family);
        int[] front = keys.ShapeOf(First + "front_conv.0.conv.weight_v"), filter = keys.ShapeOf(First + "res_blocks.0.filter_conv.conv.weight_v");
        int flows = keys.Count(i => Invariant($"iafs.{i}.front_conv.0.conv.weight_v"));
        config = config with
        {
            MelChannels = keys.ShapeOf(First + "res_blocks.0.filter_conv_c.weight_v")[1], Residual = front[0], FrontTaps = front[^1], Gate = filter[0],
            Kernel = filter[^1], Skip = keys.ShapeOf(First + "res_blocks.0.skip_conv.weight_v")[0],
            Blocks = [.. Enumerable.Range(0, flows).Select(i => keys.Blocks(Invariant($"iafs.{i}."), Invariant($"flow {i}"), config.Layers, beside))],
            UpsampleScales = keys.UpsampleScales,
        };
        return Create(config, null, path, tensors);
    }

    private static ClariNet Create(ClariNetConfig config, MelRecipe? recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors)
    {
        ClariNet model = VoiceWeights.WithSource(source, () => new ClariNet(config, VoiceWeights.SetFor(tensors), recipe));
        VoiceWeights.Load(source, ClariNet.KindName, tensors, find => model.Parameters.Load(source, find));
        return model;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
