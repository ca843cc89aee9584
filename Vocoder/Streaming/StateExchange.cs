using FlowVocoder.Compute;

namespace FlowVocoder.Streaming;

/// <summary>
/// What a stream remembers, on its way out or back in: the stream names its parts once, in one order, for both. Little-endian, numbers at their
/// own size, arrays after their length. What comes in is believed in nothing: every length is compared with the one that it must have before memory is taken,
/// and every number is finite.
/// </summary>
internal sealed class StateExchange
{
    private readonly BinaryWriter? _writer;
    private readonly BinaryReader? _reader;

    private StateExchange(BinaryWriter? writer, BinaryReader? reader) => (_writer, _reader) = (writer, reader);

    /// <summary>Saves.</summary>
    public static StateExchange To(Stream target) => new(new BinaryWriter(target), null);

    /// <summary>Restores, from what is known to be whole.</summary>
    public static StateExchange From(Stream source) => new(null, new BinaryReader(source));

    public void Number(ref long value)
    {
        _writer?.Write(value);
        if (_reader != null) value = _reader.ReadInt64();
    }

    public void Number(ref int value)
    {
        _writer?.Write(value);
        if (_reader != null) value = _reader.ReadInt32();
    }

    public void Number(ref float value)
    {
        _writer?.Write(value);
        if (_reader == null) return;
        value = _reader.ReadSingle();
        Require(float.IsFinite(value), $"a number that is not finite");
    }

    public void Number(ref double value)
    {
        _writer?.Write(value);
        if (_reader == null) return;
        value = _reader.ReadDouble();
        Require(double.IsFinite(value), $"a number that is not finite");
    }

    public void Flag(ref bool value)
    {
        _writer?.Write(value);
        if (_reader != null) value = _reader.ReadBoolean();
    }

    public void Bytes(Span<byte> bytes)
    {
        _writer?.Write(bytes);
        _reader?.BaseStream.ReadExactly(bytes);
    }

    /// <summary>A fixed number of values.</summary>
    public void Values(Span<float> values)
    {
        foreach (ref float value in values) Number(ref value);
    }

    /// <summary>Refuses what a stream cannot have saved; nothing is asked of what goes out.</summary>
    /// <exception cref="VocoderException">It comes in and does not hold.</exception>
    public void Require(bool holds, FormattableString otherwise)
    {
        if (_reader != null && !holds) throw StateHeader.Refusal($"it has {otherwise.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
    }

    /// <summary>The first <paramref name="count"/> values of an array that grows, as many as <paramref name="expected"/> where they come in.</summary>
    public void Queue(ref float[] values, ref int count, long expected)
    {
        int found = count;
        Number(ref found);
        Require(found == expected, ($"{found} values where there are {expected}"));
        count = found;
        if (values.Length < count) Array.Resize(ref values, count);
        Values(values.AsSpan(0, count));
    }

    /// <summary>What the layers remember, at places and of sizes that <paramref name="expected"/> has; a place may be new.</summary>
    public void Slots(StreamState state, IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> expected)
    {
        List<(string Name, Tensor Values)> slots = _writer != null ? [.. state.Slots] : [];
        int count = slots.Count;
        Number(ref count);
        if (_writer != null)
        {
            foreach (var (name, values) in slots) WriteSlot(_writer, name, values);
            return;
        }
        Require(count >= 0 && count <= expected.Count, ($"{count} layers that remember, of {expected.Count}"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            slots.Add(ReadSlot(_reader!, expected));
            Require(names.Add(slots[^1].Name), $"a layer twice");
        }
        state.Replace(slots);
    }

    private void WriteSlot(BinaryWriter writer, string name, Tensor values)
    {
        writer.Write(name);
        writer.Write(values.Batch);
        writer.Write(values.Channels);
        writer.Write(values.Length);
        Values(values.Span);
    }

    private (string, Tensor) ReadSlot(BinaryReader reader, IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> expected)
    {
        string name = reader.ReadString();
        (int Batch, int Channels, int Length) shape = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        Require(expected.TryGetValue(name, out var known) && shape == known, $"a layer of another model");
        var values = new Tensor(shape.Batch, shape.Channels, shape.Length);
        Values(values.Span);
        return (name, values);
    }
}
