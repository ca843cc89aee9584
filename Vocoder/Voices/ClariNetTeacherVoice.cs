using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="ClariNetTeacher"/> from a voice file, or from a checkpoint of https://github.com/ksw0306/ClariNet.</summary>
public static class ClariNetTeacherVoice
{
    private const string Front = "front_conv.0.conv.weight_v", Family = "the teacher of a ClariNet";

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static ClariNetTeacher FromFile(VoiceFile voice)
    {
        if (voice.Model != ClariNetTeacher.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{ClariNetTeacher.KindName}'");
        return Create(ClariNetTeacherConfig.FromJson(voice.Config, voice.Source), MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors);
    }

    /// <summary>Whether a tensor's name is one that every published teacher has and no other family.</summary>
    internal static bool IsKey(string name) => name == Front;

    /// <summary>
    /// The model of a published state dictionary. All but the layers of a block follows from the shapes; those are 10 as published, unless a file of the same
    /// name with the extension .json says otherwise, in the names of <see cref="ClariNetTeacherConfig"/>.
    /// </summary>
    /// <exception cref="VocoderException">The weights are of another model.</exception>
    internal static ClariNetTeacher FromTensors(IReadOnlyDictionary<string, SafeTensor> tensors, string path)
    {
        string beside = Path.ChangeExtension(path, ".json");
        ClariNetTeacherConfig config = File.Exists(beside) ? ClariNetTeacherConfig.FromJson(File.ReadAllText(beside), beside) : new ClariNetTeacherConfig();
        var keys = new ClariNetKeys(tensors, path, Family);
        int[] filter = keys.ShapeOf("res_blocks.0.filter_conv.conv.weight_v");
        config = config with
        {
            MelChannels = keys.ShapeOf("res_blocks.0.filter_conv_c.weight_v")[1], Residual = keys.ShapeOf(Front)[0], Gate = filter[0], Kernel = filter[^1],
            Skip = keys.ShapeOf("res_blocks.0.skip_conv.weight_v")[0], Blocks = keys.Blocks("", "it", config.Layers, beside),
            UpsampleScales = keys.UpsampleScales,
        };
        return Create(config, null, path, tensors);
    }

    private static ClariNetTeacher Create(ClariNetTeacherConfig config, MelRecipe? recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors)
    {
        ClariNetTeacher model = VoiceWeights.WithSource(source, () => new ClariNetTeacher(config, VoiceWeights.SetFor(tensors), recipe));
        VoiceWeights.Load(source, ClariNetTeacher.KindName, tensors, find => model.Parameters.Load(source, find));
        return model;
    }
}
