using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.AudioIO.Live;

/// <summary>
/// Copy synthesis while somebody speaks: input → resampler → mel → vocoder → player. Every stage is a stream, so that the sound is bit for bit the
/// one that the same voice makes of the whole recording's mel. One thread calls <see cref="Step"/>.
/// </summary>
public sealed class LivePipeline
{
    private const int ChunkSamples = 2048;

    private readonly AudioInput _input;
    private readonly AudioPlayer _player;
    private readonly ResamplerStream _resampler;
    private readonly MelStream _mel;
    private readonly VoiceRelay _voice;
    private readonly Backlog _backlog;
    private readonly float[] _chunk = new float[ChunkSamples];
    private float[] _resampled = [], _frames = [];

    /// <summary>Connects the stages.</summary>
    /// <param name="input">Where sound comes from.</param>
    /// <param name="player">Where it goes.</param>
    /// <param name="recipe">The recipe of the voice.</param>
    /// <param name="stream">The voice, at the start of a signal.</param>
    /// <exception cref="VocoderException">The player has another rate than the voice.</exception>
    public LivePipeline(AudioInput input, AudioPlayer player, MelRecipe recipe, VocoderStream stream)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(player);
        ArgumentNullException.ThrowIfNull(recipe);
        if (player.SampleRate != recipe.SampleRate)
            throw new VocoderException($"the player has {player.SampleRate} Hz, expected {recipe.SampleRate} Hz as the voice");
        (_input, _player) = (input, player);
        _resampler = new ResamplerStream(input.SampleRate, recipe.SampleRate);
        _mel = new MelStream(recipe);
        _voice = new VoiceRelay(stream);
        _backlog = new Backlog(input);
    }

    /// <summary>Called with the samples that have just been written to the player.</summary>
    public Action<ReadOnlySpan<float>>? Written { get; init; }

    /// <summary>
    /// What no computer, however fast, can avoid: the resampler's half filter, the mel's window, the voice's look-ahead. A sound that comes in now goes to
    /// the player that much later.
    /// </summary>
    public TimeSpan AlgorithmicLatency => TimeSpan.FromSeconds((double)_resampler.LatencySamples / _resampler.From
        + (double)(_mel.LatencySamples + _voice.LookAheadSamples) / _mel.Recipe.SampleRate);

    /// <summary>
    /// Sound that was left out to catch up. Input and player run at the same pace, so what once came too late, after a hesitation of the computer, would
    /// stay late for ever; what has been waiting for a quarter of a second is skipped.
    /// </summary>
    public TimeSpan Skipped => TimeSpan.FromSeconds((double)_backlog.Skipped / _input.SampleRate);

    /// <summary>
    /// The delay from the input to the ear at this moment, measured: how far the sample that is heard now lies behind the one that is spoken now, by
    /// what the devices say of themselves.
    /// </summary>
    public TimeSpan EndToEndLatency => TimeSpan.FromSeconds((double)(_input.Captured - _backlog.Skipped) / _input.SampleRate
        - (double)(_player.Written - _player.BufferedSamples) / _player.SampleRate);

    /// <summary>Waits for sound and passes it on.</summary>
    /// <returns>False when the input has ended: then comes <see cref="Finish"/>.</returns>
    /// <exception cref="VocoderException">A device is gone.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public bool Step(CancellationToken cancellation)
    {
        _backlog.Skip(_chunk, cancellation);
        int read = _input.Read(_chunk, cancellation);
        _backlog.Add(read);
        if (read == 0) return false;
        int count = _resampler.OutputCount(read);
        Grow(ref _resampled, count);
        _resampler.Push(_chunk.AsSpan(0, read), _resampled);
        Analyse(_resampled.AsSpan(0, count), cancellation);
        return true;
    }

    /// <summary>Ends the signal and waits until all of it is heard.</summary>
    /// <exception cref="VocoderException">A device is gone.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Finish(CancellationToken cancellation)
    {
        int count = _resampler.FlushCount;
        Grow(ref _resampled, count);
        _resampler.Flush(_resampled);
        Analyse(_resampled.AsSpan(0, count), cancellation);
        Grow(ref _frames, _mel.FlushCount * _mel.Recipe.Bands);
        Play(_voice.Push(_frames.AsSpan(0, _mel.Flush(_frames) * _mel.Recipe.Bands)), cancellation);
        Play(_voice.Flush(), cancellation);
        _player.Drain(cancellation);
    }

    /// <summary>
    /// Lets another voice go on from the next frame, without a click. One that looks further ahead than the voice before gives its first samples so many
    /// frames later: where the player holds less than that, there is a gap.
    /// </summary>
    /// <param name="stream">The voice, at the start of a signal, for mels of the same recipe.</param>
    /// <param name="cancellation">Ends the waiting for room in the player.</param>
    public void Switch(VocoderStream stream, CancellationToken cancellation) => Play(_voice.Switch(stream), cancellation);

    private void Analyse(ReadOnlySpan<float> samples, CancellationToken cancellation)
    {
        if (samples.IsEmpty) return;
        Grow(ref _frames, _mel.FrameCount(samples.Length) * _mel.Recipe.Bands);
        int count = _mel.Push(samples, _frames);
        if (count > 0) Play(_voice.Push(_frames.AsSpan(0, count * _mel.Recipe.Bands)), cancellation);
    }

    private void Play(ReadOnlySpan<float> samples, CancellationToken cancellation)
    {
        if (samples.IsEmpty) return;
        _player.Write(samples, cancellation);
        Written?.Invoke(samples);
    }

    private static void Grow(ref float[] buffer, int least)
    {
        if (buffer.Length < least) buffer = new float[least];
    }
}
