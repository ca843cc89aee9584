namespace FlowVocoder.Streaming;

public abstract partial class VocoderStream
{
    /// <summary>Bytes that <see cref="SaveState"/> writes now; more once the look-ahead has been filled than at the start.</summary>
    public long StateBytes
    {
        get
        {
            using var all = new MemoryStream();
            SaveState(all);
            return all.Length;
        }
    }

    /// <summary>Writes all that a stream of the same voice and options needs to go on from here, bit for bit, in another process too.</summary>
    /// <exception cref="IOException">The target cannot be written.</exception>
    public void SaveState(Stream target)
    {
        ArgumentNullException.ThrowIfNull(target);
        using var state = new MemoryStream();
        var exchange = StateExchange.To(state);
        StateHeader.Write(exchange, Model, Options);
        Exchange(exchange);
        StateEnvelope.Write(target, state);
    }

    /// <summary>Goes on from a saved state.</summary>
    /// <exception cref="VocoderException">
    /// It is no state, damaged, cut off, of another version, voice, configuration or options; the stream is as it was before.
    /// </exception>
    /// <exception cref="IOException">The source cannot be read; the stream is as it was before.</exception>
    public void RestoreState(Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using MemoryStream state = StateEnvelope.Read(source);
        using var before = new MemoryStream();
        Exchange(StateExchange.To(before));
        try
        {
            var exchange = StateExchange.From(state);
            StateHeader.Require(exchange, Model, Options);
            Exchange(exchange);
            exchange.Require(state.Position == state.Length, $"more than a stream remembers");
        }
        catch (Exception e) when (e is VocoderException or IOException or FormatException)
        {
            before.Position = 0;
            Exchange(StateExchange.From(before));
            throw e as VocoderException ?? new VocoderException(StateHeader.Refusal($"it is damaged").Message, e);
        }
    }

    /// <summary>All that the stream remembers.</summary>
    internal void Exchange(StateExchange state)
    {
        state.Number(ref _pushed);
        state.Number(ref _rendered);
        state.Flag(ref _ended);
        // Positions follow from each other; beyond 2^40 frames, 400 years, products of them would overflow.
        state.Require(_pushed is >= 0 and <= 1L << 40 && _rendered == (_ended ? _pushed : Math.Max(0, _pushed - LookAheadFrames)) && (_pushed > 0 || !_ended),
            $"a position that no stream reaches");
        ExchangeState(state);
    }

    /// <summary>Whether the signal has ended.</summary>
    private protected bool HasEnded => _ended;

    /// <summary>Names everything that a stream remembers beside the numbers of frames, for saving and restoring alike.</summary>
    private protected abstract void ExchangeState(StateExchange state);
}
