using System.Globalization;

namespace FlowVocoder.Voices.Pickle;

/// <summary>
/// The stack machine of Python's pickle format, protocols 2 to 5, reduced to building inert values
/// (source: CPython's Lib/pickletools.py, which documents each opcode).
/// It holds no more than a bounded number of small objects for each byte read, and does not recurse.
/// </summary>
internal sealed class PickleMachine(PickleReader reader, TorchClasses classes)
{
    /// <summary>Some 100 opcodes make a tensor: room for 40,000 tensors, and a lid on what a hostile file can make us hold.</summary>
    private const int MaxOpcodes = 4_000_000;

    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];

    /// <summary>Runs one pickle up to its STOP.</summary>
    /// <exception cref="VocoderException">The bytes are no pickle, are cut short or ask for something unsupported.</exception>
    public object? Run()
    {
        _stack.Clear();
        _marks.Clear();
        _memo.Clear();
        for (int count = 0; count < MaxOpcodes; count++)
        {
            byte opcode = reader.Byte();
            if (opcode == '.')
            {
                return Pop();
            }
            if (!Literal(opcode) && !Memo(opcode) && !Collection(opcode) && !Instance(opcode))
            {
                throw reader.Bad($"found opcode 0x{opcode:X2}, expected one of pickle protocol 2 to 5 as torch.save writes");
            }
        }
        throw reader.Bad($"found over {MaxOpcodes} opcodes, expected the pickle of a checkpoint");
    }

    private bool Literal(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'N': Push(null); return true;
            case 0x88: Push(true); return true;
            case 0x89: Push(false); return true;
            case (byte)'J': Push((long)reader.Int32()); return true;
            case (byte)'K': Push((long)reader.Byte()); return true;
            case (byte)'M': Push((long)reader.UInt16()); return true;
            case (byte)'I': Push(DecimalLine()); return true;
            case 0x8A: Push(reader.Integer(reader.Byte())); return true;
            case 0x8B: Push(reader.Integer(reader.UInt32())); return true;
            case (byte)'G': Push(reader.Double()); return true;
            case (byte)'X': Push(reader.Text(reader.UInt32())); return true;
            case 0x8C: Push(reader.Text(reader.Byte())); return true;
            case 0x8D: Push(reader.Text(reader.UInt64())); return true;
            case (byte)'U': Push(reader.Latin1(reader.Byte())); return true;
            case (byte)'T': Push(reader.Latin1(reader.UInt32())); return true;
            case (byte)'C': Push(reader.Bytes(reader.Byte())); return true;
            case (byte)'B': Push(reader.Bytes(reader.UInt32())); return true;
            case 0x8E or 0x96: Push(reader.Bytes(reader.UInt64())); return true;
            default: return false;
        }
    }

    private bool Memo(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: reader.Byte(); return true; // protocol number: the opcodes themselves tell
            case 0x95: reader.UInt64(); return true; // frame length: a hint for buffering
            case (byte)'q': _memo[reader.Byte()] = Top(); return true;
            case (byte)'r': _memo[reader.UInt32()] = Top(); return true;
            case 0x94: _memo[_memo.Count] = Top(); return true;
            case (byte)'h': Push(Recall(reader.Byte())); return true;
            case (byte)'j': Push(Recall(reader.UInt32())); return true;
            case (byte)'(': _marks.Push(_stack.Count); return true;
            case (byte)'0': Pop(); return true;
            case (byte)'1': PopToMark(); return true;
            case (byte)'2': Push(Top()); return true;
            default: return false;
        }
    }

    private bool Collection(byte opcode)
    {
        switch (opcode)
        {
            case (byte)')': Push(new PickledTuple([])); return true;
            case 0x85: Push(new PickledTuple(Pop(1))); return true;
            case 0x86: Push(new PickledTuple(Pop(2))); return true;
            case 0x87: Push(new PickledTuple(Pop(3))); return true;
            case (byte)'t' or 0x91: Push(new PickledTuple(PopToMark())); return true;
            case (byte)']' or 0x8F: Push(new PickledList()); return true;
            case (byte)'l': Extend(new PickledList(), PopToMark()); return true;
            case (byte)'a': AddTo(Pop(1)); return true;
            case (byte)'e' or 0x90: AddTo(PopToMark()); return true;
            case (byte)'}': Push(new PickledDict()); return true;
            case (byte)'d': SetIn(new PickledDict(), PopToMark()); return true;
            case (byte)'s': SetIn(null, Pop(2)); return true;
            case (byte)'u': SetIn(null, PopToMark()); return true;
            default: return false;
        }
    }

    private bool Instance(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c': Push(new PickledClass($"{reader.Line()}.{reader.Line()}")); return true;
            case 0x93: Push(NamedClass(Pop(2))); return true;
            case (byte)'R': Push(Call(Pop(2))); return true;
            case 0x81: Push(Call(Pop(2))); return true;
            case 0x92: Push(Call(Pop(3)[..2])); return true;
            case (byte)'b': Build(Pop()); return true;
            case (byte)'Q': Push(classes.Persistent(Pop(), reader)); return true;
            default: return false;
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Top() => _stack.Count > Floor() ? _stack[^1] : throw Underflow();

    private object? Pop()
    {
        object? value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] Pop(int count)
    {
        if (_stack.Count - count < Floor())
        {
            throw Underflow();
        }
        return PopFrom(_stack.Count - count);
    }

    private object?[] PopToMark() => _marks.TryPop(out int mark) ? PopFrom(mark) : throw Underflow();

    private object?[] PopFrom(int start)
    {
        var items = _stack.GetRange(start, _stack.Count - start).ToArray();
        _stack.RemoveRange(start, _stack.Count - start);
        return items;
    }

    private int Floor() => _marks.TryPeek(out int mark) ? mark : 0;

    private VocoderException Underflow() => reader.Bad("found an opcode that needs more values than there are, expected a pickle");

    private object? Recall(long index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw reader.Bad($"found a reference to memo {index}, expected one set before");

    private object DecimalLine()
    {
        string line = reader.Line();
        return long.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw reader.Bad($"found {VoiceFiles.Quote(line)}, expected a number");
    }

    private void Extend(PickledList list, object?[] items)
    {
        list.Items.AddRange(items);
        Push(list);
    }

    private void AddTo(object?[] items)
    {
        // A list subclass stays inert: its items are no weights.
        if (Top() is PickledList list)
        {
            list.Items.AddRange(items);
        }
    }

    private void SetIn(PickledDict? created, object?[] pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw reader.Bad("found a key without a value, expected pairs");
        }
        if (created is not null)
        {
            Push(created);
        }
        if (Top() is PickledDict dict)
        {
            for (int i = 0; i < pairs.Length; i += 2)
            {
                dict.Set(pairs[i], pairs[i + 1]);
            }
        }
    }

    private object NamedClass(object?[] names) => names is [string module, string name]
        ? new PickledClass($"{module}.{name}")
        : throw reader.Bad("found no strings as the name of a class, expected module and name");

    private object? Call(object?[] call) => call[0] is PickledClass type
        ? classes.Create(type, call[1], reader)
        : throw reader.Bad("found a call of something that is no class, expected a class");

    private void Build(object? state)
    {
        // On dicts and tensors the state holds hooks and version marks, no weights.
        if (Top() is PickledObject instance)
        {
            instance.State = state;
        }
    }
}
