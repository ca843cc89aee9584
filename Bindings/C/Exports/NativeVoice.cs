using FlowVocoder.Voices;

namespace FlowVocoder.Native;

/// <summary>A voice in C's hands, with the texts that it reads.</summary>
internal sealed class NativeVoice(LoadedVoice voice)
{
    public LoadedVoice Loaded { get; } = voice;

    public CText Name { get; } = new(voice.Name);

    public CText Licence { get; } = new(voice.File?.Licence ?? "");

    public CText Recipe { get; } = new(voice.Model.Recipe.ToJson());

    public static NativeVoice Of(nint handle) => Handles.Get<NativeVoice>(handle, "voice");
}
