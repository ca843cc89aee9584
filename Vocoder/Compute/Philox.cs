using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute;

/// <summary>
/// Counter-based random numbers, Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
/// A number is a function of (seed, stream, channel, time) alone, so noise does not depend on how time is cut into chunks.
/// </summary>
public readonly struct Philox
{
    private const int Lanes = 8, BlockSize = 4;
    private readonly uint _key0, _key1;

    /// <summary>Creates the generator of a seed.</summary>
    public Philox(ulong seed) => (_key0, _key1) = ((uint)seed, (uint)(seed >> 32));

    /// <summary>Four random words for a counter of four words.</summary>
    public (uint A, uint B, uint C, uint D) Block(uint c0, uint c1, uint c2, uint c3)
    {
        var (a, b, c, d) = Blocks(Vector512.Create((ulong)c0), Vector512.Create((ulong)c1), Vector512.Create((ulong)c2), Vector512.Create((ulong)c3));
        return ((uint)a[0], (uint)b[0], (uint)c[0], (uint)d[0]);
    }

    /// <summary>Fills a row with standard normal numbers for times start, start+1, … of a stream's channel (Box–Muller).</summary>
    public void Normal(Span<float> row, uint stream, uint channel, long start) => Fill(row, row.Length, stream, channel, start);

    /// <summary>The same for all rows of [batch, channels, time], which are channels 0, 1, … of the stream, one batch item after the other.</summary>
    public void Normal(Tensor values, uint stream, long start) => Fill(values.Span, values.Length, stream, 0, start);

    /// <summary>A uniform number in [0, 1) for a counter.</summary>
    public double Uniform(uint stream, uint channel, long index)
    {
        var (a, b, _, _) = Block((uint)index, (uint)(index >> 32), channel, stream);
        return ((ulong)a << 21 ^ b >> 11) * (1.0 / (1UL << 53));
    }

    // A block is four times of one row. Eight go side by side, whichever rows they belong to, because a stream draws rows of a few times each.
    private void Fill(Span<float> rows, int length, uint stream, uint firstChannel, long start)
    {
        Span<ulong> time = stackalloc ulong[Lanes], channel = stackalloc ulong[Lanes];
        Span<double> normals = stackalloc double[BlockSize * Lanes];
        int before = (int)(start % BlockSize), blocksInRow = (before + length + BlockSize - 1) / BlockSize;
        int blocks = length == 0 ? 0 : rows.Length / length * blocksInRow;
        for (int first = 0; first < blocks; first += Lanes)
        {
            int row = first / blocksInRow, block = first % blocksInRow;
            for (int lane = 0; lane < Lanes; lane++)
            {
                (time[lane], channel[lane]) = ((ulong)(start / BlockSize + block), firstChannel + (uint)row);
                if (++block == blocksInRow) (row, block) = (row + 1, 0);
            }
            Normals(Vector512.Create<ulong>(time), Vector512.Create<ulong>(channel), stream, normals);
            (row, block) = (first / blocksInRow, first % blocksInRow);
            for (int lane = 0; lane < Math.Min(Lanes, blocks - first); lane++)
            {
                int at = block * BlockSize - before;
                for (int i = Math.Max(0, -at); i < Math.Min(BlockSize, length - at); i++) rows[row * length + at + i] = (float)normals[i * Lanes + lane];
                if (++block == blocksInRow) (row, block) = (row + 1, 0);
            }
        }
    }

    // [time in block, lane]
    private void Normals(Vector512<ulong> time, Vector512<ulong> channel, uint stream, Span<double> normals)
    {
        var (a, b, c, d) = Blocks(time & Vector512.Create((ulong)uint.MaxValue), time >> 32, channel, Vector512.Create((ulong)stream));
        BoxMuller(a, b, normals);
        BoxMuller(c, d, normals[(2 * Lanes)..]);
    }

    private static void BoxMuller(Vector512<ulong> a, Vector512<ulong> b, Span<double> normals)
    {
        var radius = Vector512.Sqrt(-2.0 * Vector512.Log((Vector512.ConvertToDouble(a) + Vector512<double>.One) * (1.0 / 4294967296.0)));
        var (sin, cos) = Vector512.SinCos(Vector512.ConvertToDouble(b) * (2.0 * Math.PI / 4294967296.0));
        (radius * cos).CopyTo(normals);
        (radius * sin).CopyTo(normals[Lanes..]);
    }

    // A word in the lower half of each lane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (Vector512<ulong> A, Vector512<ulong> B, Vector512<ulong> C, Vector512<ulong> D) Blocks(Vector512<ulong> c0, Vector512<ulong> c1,
        Vector512<ulong> c2, Vector512<ulong> c3)
    {
        uint k0 = _key0, k1 = _key1;
        var word = Vector512.Create((ulong)uint.MaxValue);
        for (int round = 0; round < 10; round++)
        {
            Vector512<ulong> p0 = c0 * 0xD2511F53UL, p1 = c2 * 0xCD9E8D57UL;
            (c0, c1, c2, c3) = ((p1 >> 32) ^ c1 ^ Vector512.Create((ulong)k0), p1 & word, (p0 >> 32) ^ c3 ^ Vector512.Create((ulong)k1), p0 & word);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (c0, c1, c2, c3);
    }
}
