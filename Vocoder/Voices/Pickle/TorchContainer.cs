namespace FlowVocoder.Voices.Pickle;

/// <summary>An opened PyTorch file: its object, and the bytes of its storages on demand.</summary>
internal abstract class TorchContainer(string file, long length)
{
    /// <summary>
    /// How many times its own size a file may make us read and hold: tied weights and views count once each,
    /// a file that names one storage a thousand times is refused.
    /// </summary>
    private const int MaxExpansion = 8;

    private long _budget = checked(MaxExpansion * length);
    private (string Key, byte[] Bytes) _last = ("", []);

    public string File { get; } = file;

    public object? Root { get; protected set; }

    /// <summary>Finds the checked bytes of a storage; the result has exactly <paramref name="bytes"/> of them.</summary>
    protected abstract byte[] Load(PickledStorage storage, long bytes);

    /// <summary>Reads one tensor, made contiguous.</summary>
    public SafeTensor Read(string name, PickledTensor tensor)
    {
        var storage = tensor.Storage;
        if (storage.Dtype is not { } dtype)
        {
            throw Bad(name, $"found elements of {VoiceFiles.Quote(storage.TypeName)}, expected {TensorDtypes.Supported}");
        }
        int elements = CheckView(name, tensor, out long first, out int[] shape);
        if (elements == 0)
        {
            return TensorCodec.Read(Stream.Null, dtype, shape, 0);
        }
        int width = dtype.Bytes();
        byte[] all = Cached(name, storage, width);
        Spend(name, (long)elements * width);
        if (IsContiguous(tensor))
        {
            using var stream = new MemoryStream(all, (int)(first * width), elements * width, writable: false);
            return TensorCodec.Read(stream, dtype, shape, elements);
        }
        using var gathered = new MemoryStream(Gather(all, tensor, first, elements, width), writable: false);
        return TensorCodec.Read(gathered, dtype, shape, elements);
    }

    protected VocoderException Bad(string tensor, string what) => new($"{File}: tensor {VoiceFiles.Quote(tensor)}: {what}");

    private byte[] Cached(string name, PickledStorage storage, int width)
    {
        if (_last.Key != storage.Key || _last.Bytes.Length == 0)
        {
            long bytes = storage.Elements * width;
            _last = ("", []);
            Spend(name, bytes);
            _last = (storage.Key, Load(storage, bytes));
        }
        return _last.Bytes;
    }

    private void Spend(string name, long bytes)
    {
        _budget -= bytes;
        if (_budget < 0)
        {
            throw Bad(name, $"found tensors of over {MaxExpansion} times the size of the file, expected each storage to be used about once");
        }
    }

    /// <summary>Checks that the view lies in its storage and does not repeat elements; returns how many it has.</summary>
    private int CheckView(string name, PickledTensor tensor, out long first, out int[] shape)
    {
        long elements = Shapes.Elements(tensor.Shape);
        long length = tensor.Storage.Elements;
        Int128 start = (Int128)tensor.Storage.ViewOffset + tensor.Offset;
        Int128 last = start;
        bool valid = elements >= 0 && tensor.Offset >= 0 && tensor.Storage.ViewOffset >= 0;
        for (int d = 0; elements > 0 && d < tensor.Shape.Length; d++)
        {
            valid &= tensor.Strides[d] >= 0;
            last += (Int128)(tensor.Shape[d] - 1) * tensor.Strides[d];
        }
        if (!valid || (elements > 0 && (last >= length || elements > length)) || length > Array.MaxLength / 8)
        {
            throw Bad(name, $"found shape [{string.Join(", ", tensor.Shape)}], strides [{string.Join(", ", tensor.Strides)}], offset {start}, expected a view "
                + $"of {length} stored elements without repeats");
        }
        first = (long)start;
        shape = Array.ConvertAll(tensor.Shape, size => (int)size);
        return (int)elements;
    }

    private static bool IsContiguous(PickledTensor tensor)
    {
        long expected = 1;
        for (int d = tensor.Shape.Length - 1; d >= 0; d--)
        {
            if (tensor.Shape[d] != 1 && tensor.Strides[d] != expected)
            {
                return false;
            }
            expected *= tensor.Shape[d];
        }
        return true;
    }

    private static byte[] Gather(byte[] all, PickledTensor tensor, long first, int elements, int width)
    {
        var result = new byte[elements * width];
        var index = new long[tensor.Shape.Length];
        long position = first;
        for (int i = 0; i < elements; i++)
        {
            all.AsSpan((int)(position * width), width).CopyTo(result.AsSpan(i * width));
            for (int d = index.Length - 1; d >= 0; d--)
            {
                position += tensor.Strides[d];
                if (++index[d] < tensor.Shape[d])
                {
                    break;
                }
                position -= index[d] * tensor.Strides[d];
                index[d] = 0;
            }
        }
        return result;
    }
}
