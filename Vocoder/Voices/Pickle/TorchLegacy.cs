using System.Buffers.Binary;
using System.Numerics;

namespace FlowVocoder.Voices.Pickle;

/// <summary>
/// The format of torch.save before 1.6: pickles of a magic number, the protocol version, the byte order, the object and the
/// list of storage keys; then, in the order of that list, each storage as a 64-bit count and its elements.
/// </summary>
internal sealed class TorchLegacy : TorchContainer
{
    private const long ProtocolVersion = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    private readonly Stream _stream;
    private readonly Dictionary<string, long> _positions = new(StringComparer.Ordinal);

    public TorchLegacy(Stream stream, string file) : base(file, stream.Length)
    {
        _stream = stream;
        var classes = new TorchClasses();
        var machine = new PickleMachine(new PickleReader(stream, stream.Length, file), classes);
        if (machine.Run() is not BigInteger magic || magic != Magic)
        {
            throw new VocoderException($"{file}: found no magic number of PyTorch, expected a file of torch.save");
        }
        if (machine.Run() is not ProtocolVersion)
        {
            throw new VocoderException($"{file}: found another protocol version, expected {ProtocolVersion} as torch.save before 1.6 writes");
        }
        if (machine.Run() is PickledDict system && system["little_endian"] is false)
        {
            throw new VocoderException($"{file}: found big-endian data, expected little-endian");
        }
        Root = machine.Run();
        Index(machine.Run() as PickledList ?? throw new VocoderException($"{file}: found no list of storages after the object, expected one"), classes);
    }

    /// <summary>Notes where each storage lies: their sizes are only found by walking along them.</summary>
    private void Index(PickledList keys, TorchClasses classes)
    {
        Span<byte> prefix = stackalloc byte[8];
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !classes.Storages.TryGetValue(key, out var storage) || storage.Dtype is not { } dtype)
            {
                throw new VocoderException(
                    $"{File}: found a storage {VoiceFiles.Quote(item as string ?? "")} that no tensor names with a type we read, expected "
                    + $"{TensorDtypes.Supported}");
            }
            bool whole = _stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) == prefix.Length;
            long count = whole ? BinaryPrimitives.ReadInt64LittleEndian(prefix) : -1;
            long left = _stream.Length - _stream.Position;
            if (count != storage.Elements || count > left / dtype.Bytes() || !_positions.TryAdd(key, _stream.Position))
            {
                throw new VocoderException($"{File}: storage {VoiceFiles.Quote(key)}: found {(whole ? $"{count} elements" : "no size")} with {left} bytes "
                    + $"left in the file, expected {storage.Elements} elements, once: the file is damaged or cut short");
            }
            _stream.Position += count * dtype.Bytes();
        }
    }

    protected override byte[] Load(PickledStorage storage, long bytes)
    {
        if (!_positions.TryGetValue(storage.Key, out long position))
        {
            throw new VocoderException($"{File}: found no storage {VoiceFiles.Quote(storage.Key)}, expected {bytes} bytes");
        }
        var data = new byte[(int)bytes];
        _stream.Position = position;
        _stream.ReadExactly(data);
        return data;
    }
}
