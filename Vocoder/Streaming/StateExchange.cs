using FlowVocoder.Compute;

namespace FlowVocoder.Streaming;

/// <summary>
/// What a stream remembers, on its way out or back in: the stream names its parts once, in one order, for both. Little-endian, numbers at their
/// own size, arrays after their length.
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
        if (_reader != null) value = _reader.ReadSingle();
    }

    public void Number(ref double value)
    {
        _writer?.Write(value);
        if (_reader != null) value = _reader.ReadDouble();
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

    /// <summary>The first <paramref name="count"/> values of an array that grows.</summary>
    public void Queue(ref float[] values, ref int count)
    {
        Number(ref count);
        if (values.Length < count) Array.Resize(ref values, count);
        Values(values.AsSpan(0, count));
    }

    /// <summary>What the layers remember.</summary>
    public void Slots(StreamState state)
    {
        List<(string Name, Tensor Values)> slots = [.. state.Slots];
        int count = slots.Count;
        Number(ref count);
        if (_reader != null) slots = [.. Enumerable.Range(0, count).Select(_ => ReadSlot(_reader))];
        else foreach (var (name, values) in slots) WriteSlot(_writer!, name, values);
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

    private (string, Tensor) ReadSlot(BinaryReader reader)
    {
        string name = reader.ReadString();
        var values = new Tensor(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        Values(values.Span);
        return (name, values);
    }
}
