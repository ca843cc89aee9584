using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Features;

namespace FlowVocoder.Cli;

/// <summary>Mel frames for a voice, from what was typed: a mel, a recording or "-".</summary>
internal static class FrameSource
{
    /// <summary>How errors call it.</summary>
    public static string Name(string input) => input == Pipes.Dash ? Pipes.InputName : $"'{input}'";

    /// <summary>A mel from a file or a pipe.</summary>
    public static MelFrames Open(string input, MelInput mels, Terminal terminal)
    {
        if (input != Pipes.Dash) return MelFrames.Of(mels.Read(input, terminal));
        MelFrames frames = mels.Open(terminal.OpenPipeIn("mel frames"));
        // A whole mel is judged at once, and known to the voice as a whole.
        if (frames.Whole is { } whole) mels.Warn(Pipes.InputName, whole.Data, terminal);
        return mels.Convert(frames.Whole == null ? new WatchedFrames(frames, mels, terminal) : frames);
    }

    /// <summary>The same, or the mel of a recording.</summary>
    public static MelFrames OpenMelOrRecording(string input, MelInput mels, Terminal terminal)
    {
        if (input == Pipes.Dash || Path.GetExtension(input).Equals(".npy", StringComparison.OrdinalIgnoreCase)) return Open(input, mels, terminal);
        MelRecipe recipe = mels.Voice.Model.Recipe;
        var stream = new MelStream(recipe);
        return new RecordingFrames(Files.ReadRecording(input, recipe.SampleRate, terminal), stream);
    }

    // Computed as they are asked for, so that speaking begins at once.
    private sealed class RecordingFrames(float[] audio, MelStream stream) : MelFrames
    {
        private float[] _ready = [];
        private int _next, _taken;

        public override int Bands => stream.Recipe.Bands;

        public override int Read(Span<float> frames, CancellationToken cancellation = default)
        {
            while (_taken == _ready.Length && _next <= audio.Length) Fill();
            int count = Math.Min(frames.Length, _ready.Length - _taken) / Bands * Bands;
            _ready.AsSpan(_taken, count).CopyTo(frames);
            _taken += count;
            return count / Bands;
        }

        private void Fill()
        {
            int size = Math.Min(audio.Length - _next, stream.Recipe.HopSize);
            _ready = new float[(size > 0 ? stream.FrameCount(size) : stream.FlushCount) * Bands];
            if (size > 0) stream.Push(audio.AsSpan(_next, size), _ready);
            else stream.Flush(_ready);
            (_taken, _next) = (0, size > 0 ? _next + size : audio.Length + 1);
        }
    }

    // Warns, once enough has come to tell, where the values look like another recipe's.
    private sealed class WatchedFrames(MelFrames inner, MelInput mels, Terminal terminal) : MelFrames
    {
        private const int Enough = 100;

        private List<float>? _seen = [];

        public override int Bands => inner.Bands;

        public override int Read(Span<float> frames, CancellationToken cancellation = default)
        {
            int count = inner.Read(frames, cancellation);
            _seen?.AddRange(frames[..(count * Bands)]);
            if (_seen != null && (count == 0 || _seen.Count >= Enough * Bands)) Judge();
            return count;
        }

        private void Judge()
        {
            int frames = _seen!.Count / Bands;
            var mel = new float[_seen.Count];
            for (int i = 0; i < mel.Length; i++) mel[i % Bands * frames + i / Bands] = _seen[i];
            _seen = null;
            mels.Warn(Pipes.InputName, mel, terminal);
        }
    }
}
