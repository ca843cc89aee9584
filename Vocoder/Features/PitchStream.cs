using System.Runtime.InteropServices;

namespace FlowVocoder.Features;

/// <summary>
/// <see cref="PitchTracker"/> on a recording that is still coming. What it keeps of a frame is small (16 bytes), but kept it is to the end: how loud the
/// loudest is tells which are background. Not thread-safe.
/// </summary>
internal sealed class PitchStream
{
    private readonly PitchTracker _tracker;
    private readonly PitchTracker.Workspace _work;
    private readonly List<PitchTracker.FramePitch> _frames = [];
    // The samples from _start on.
    private readonly float[] _kept;
    private int _start, _length;

    /// <summary>See <see cref="PitchTracker.NewStream"/>.</summary>
    public PitchStream(PitchTracker tracker)
    {
        (_tracker, _work) = (tracker, tracker.NewWorkspace());
        _kept = new float[2 * tracker.Window];
    }

    /// <summary>Takes in the next samples.</summary>
    public void Push(ReadOnlySpan<float> audio)
    {
        while (!audio.IsEmpty)
        {
            int count = Math.Min(audio.Length, _tracker.Window);
            Append(audio[..count]);
            audio = audio[count..];
            while (_tracker.FirstSample(_frames.Count) + _tracker.Window <= _start + _length) Track();
        }
    }

    /// <summary>Ends the recording.</summary>
    /// <param name="frames">Frames of its mel spectrogram.</param>
    public PitchTrack Finish(int frames)
    {
        while (_frames.Count < frames) Track();
        return PitchTracker.Finish(CollectionsMarshal.AsSpan(_frames)[..frames]);
    }

    private void Track() => _frames.Add(_tracker.Frame(_kept.AsSpan(0, _length), _start, _frames.Count, _work));

    private void Append(ReadOnlySpan<float> audio)
    {
        int excess = Math.Max(0, _length + audio.Length - _kept.Length);
        _kept.AsSpan(excess, _length - excess).CopyTo(_kept);
        (_start, _length) = (_start + excess, _length - excess);
        audio.CopyTo(_kept.AsSpan(_length));
        _length += audio.Length;
    }
}
