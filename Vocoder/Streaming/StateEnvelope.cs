using System.Buffers.Binary;

namespace FlowVocoder.Streaming;

/// <summary>A saved state in a file: the letters FVSS, version (int32), length (int32) and SHA-256 of what follows. Little-endian.</summary>
internal static class StateEnvelope
{
    private const int Version = 2, HeadSize = 12, Longest = 1 << 30;
    private static ReadOnlySpan<byte> Letters => "FVSS"u8;

    public static void Write(Stream target, MemoryStream state)
    {
        ReadOnlySpan<byte> body = state.GetBuffer().AsSpan(0, (int)state.Length);
        Span<byte> head = stackalloc byte[HeadSize];
        Letters.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], body.Length);
        target.Write(head);
        target.Write(Sha256.Of(body));
        target.Write(body);
    }

    /// <summary>One part of a state that lies beside that of a voice.</summary>
    public static void Write(Stream target, Action<StateExchange> part)
    {
        using var state = new MemoryStream();
        part(StateExchange.To(state));
        Write(target, state);
    }

    /// <summary>Reads such a part back.</summary>
    /// <inheritdoc cref="Read(Stream)"/>
    public static void Read(Stream source, Action<StateExchange> part)
    {
        using MemoryStream state = Read(source);
        var exchange = StateExchange.From(state);
        try
        {
            part(exchange);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new VocoderException(StateHeader.Refusal($"it is damaged").Message, e);
        }
        exchange.Require(state.Position == state.Length, $"more than a stream remembers");
    }

    /// <summary>The state, known to be whole.</summary>
    /// <exception cref="VocoderException">It is none, of another version, cut off, or damaged.</exception>
    public static MemoryStream Read(Stream source)
    {
        try
        {
            Span<byte> head = stackalloc byte[HeadSize], hash = stackalloc byte[Sha256.Size];
            source.ReadExactly(head);
            int version = BinaryPrimitives.ReadInt32LittleEndian(head[4..]), length = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
            if (!head[..4].SequenceEqual(Letters)) throw StateHeader.Refusal($"it does not start with FVSS, expected what a stream saved");
            if (version != Version) throw StateHeader.Refusal($"it has version {version}, expected {Version}");
            if (length is < 0 or > Longest) throw StateHeader.Refusal($"it is damaged");
            source.ReadExactly(hash);
            MemoryStream body = ReadBody(source, length);
            return hash.SequenceEqual(Sha256.Of(body.GetBuffer().AsSpan(0, length))) ? body : throw StateHeader.Refusal($"it is damaged");
        }
        catch (EndOfStreamException e)
        {
            throw new VocoderException(StateHeader.Refusal($"it ends early").Message, e);
        }
    }

    // In pieces: a length that is only claimed costs nothing.
    private static MemoryStream ReadBody(Stream source, int length)
    {
        var body = new MemoryStream();
        byte[] piece = new byte[Math.Min(length, 1 << 16)];
        for (int left = length; left > 0; left -= piece.Length)
        {
            if (left < piece.Length) piece = new byte[left];
            source.ReadExactly(piece);
            body.Write(piece);
        }
        body.Position = 0;
        return body;
    }
}
