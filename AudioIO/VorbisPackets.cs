using NVorbis.Contracts;

namespace FlowVocoder.AudioIO;

/// <summary>
/// The packets of an ogg stream, the last without its position: NVorbis 0.10.5 cuts the last packet to it and never ends where it lies before that packet.
/// </summary>
internal sealed class VorbisPackets(IPacketProvider packets) : IPacketProvider
{
    /// <summary>Samples of the stream according to its last page, where that has come and says so.</summary>
    public long? End { get; private set; }

    public bool CanSeek => packets.CanSeek;

    public int StreamSerial => packets.StreamSerial;

    public IPacket GetNextPacket()
    {
        IPacket packet = packets.GetNextPacket();
        if (packet is not { IsEndOfStream: true })
            return packet;
        End = packet.GranulePosition;
        return new LastPacket(packet);
    }

    public IPacket PeekNextPacket() => packets.PeekNextPacket();

    public long SeekTo(long granulePos, int preRoll, GetPacketGranuleCount getPacketGranuleCount) => packets.SeekTo(granulePos, preRoll, getPacketGranuleCount);

    public long GetGranuleCount() => packets.GetGranuleCount();

    private sealed class LastPacket(IPacket packet) : IPacket
    {
        public bool IsResync => packet.IsResync;

        public bool IsShort => packet.IsShort;

        public long? GranulePosition => null;

        public bool IsEndOfStream => true;

        public int BitsRead => packet.BitsRead;

        public int BitsRemaining => packet.BitsRemaining;

        public int ContainerOverheadBits => packet.ContainerOverheadBits;

        public ulong TryPeekBits(int count, out int bitsRead) => packet.TryPeekBits(count, out bitsRead);

        public void SkipBits(int count) => packet.SkipBits(count);

        public ulong ReadBits(int count) => packet.ReadBits(count);

        public void Done() => packet.Done();

        public void Reset() => packet.Reset();
    }
}
