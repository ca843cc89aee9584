using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>The voices that a live session can change between, by number or name.</summary>
internal sealed class LiveVoices
{
    // Replaced as a whole: one thread finds voices while another plays.
    private volatile (string Name, LoadedVoice Voice)[] _voices = [];
    private readonly Func<string, LoadedVoice> _load;
    private readonly Func<LoadedVoice, VocoderStream> _open;

    /// <summary>Loads voices; the first one speaks.</summary>
    /// <exception cref="VocoderException">One is not there, or expects another mel than the first.</exception>
    public LiveVoices(IReadOnlyList<string> names, Func<string, LoadedVoice> load, Func<LoadedVoice, VocoderStream> open)
    {
        (_load, _open) = (load, open);
        foreach (string name in names) Add(name);
        Current = _voices[0].Voice;
    }

    /// <summary>Who speaks.</summary>
    public LoadedVoice Current { get; private set; }

    /// <summary>"1 compact, 2 mine".</summary>
    public string List => string.Join(", ", _voices.Select((v, i) => $"{i + 1} {v.Name}"));

    /// <summary>What a voice is called here: as its file, since several files may hold voices of one name.</summary>
    public string NameOf(LoadedVoice voice) => _voices.First(v => v.Voice == voice).Name;

    /// <summary>A new stream of the voice that speaks.</summary>
    public VocoderStream Open() => _open(Current);

    /// <summary>Finds what was typed, loading it where it is new. Slow: not for the thread that plays.</summary>
    /// <exception cref="VocoderException">There is no such voice, or it expects another mel.</exception>
    public LoadedVoice Find(string typed)
    {
        if (int.TryParse(typed, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number >= 1 && number <= _voices.Length ? _voices[number - 1].Voice
                : throw new VocoderException($"there is no voice {number}, expected 1 to {_voices.Length} ({List}) or a name");
        foreach (var (name, voice) in _voices)
            if (name == typed || voice.Source == typed) return voice;
        return Add(typed);
    }

    /// <summary>Makes a voice the one that speaks.</summary>
    public void Select(LoadedVoice voice) => Current = voice;

    private LoadedVoice Add(string nameOrFile)
    {
        LoadedVoice voice = _load(nameOrFile);
        if (_voices.Length > 0 && _voices[0].Voice.Model.Recipe.Mismatch(voice.Model.Recipe) is { } reason)
            throw new VocoderException($"{voice.Source}: voice '{voice.Name}' cannot take over from '{_voices[0].Name}': found a mel of {reason}");
        WarmUp.Run(voice, _open(voice));
        _voices = [.. _voices, (Path.GetFileNameWithoutExtension(voice.Source), voice)];
        return voice;
    }
}
