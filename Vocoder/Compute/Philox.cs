using System.Runtime.CompilerServices;

namespace FlowVocoder.Compute;

/// <summary>
/// Counter-based random numbers, Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
/// A number is a function of (seed, stream, channel, time) alone, so noise does not depend on how time is cut into chunks.
/// </summary>
public readonly struct Philox
{
    private readonly uint _key0, _key1;

    /// <summary>Creates the generator of a seed.</summary>
    public Philox(ulong seed) => (_key0, _key1) = ((uint)seed, (uint)(seed >> 32));

    /// <summary>Four random words for a counter of four words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (uint A, uint B, uint C, uint D) Block(uint c0, uint c1, uint c2, uint c3)
    {
        uint k0 = _key0, k1 = _key1;
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53UL * c0, p1 = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>Fills a row with standard normal numbers for times start, start+1, … of a stream's channel (Box–Muller).</summary>
    public void Normal(Span<float> row, uint stream, uint channel, long start)
    {
        for (int i = 0; i < row.Length;)
        {
            long time = start + i;
            int lane = (int)(time & 3);
            var (a, b, c, d) = Block((uint)(time >> 2), (uint)(time >> 34), channel, stream);
            var (n0, n1) = BoxMuller(a, b);
            var (n2, n3) = BoxMuller(c, d);
            for (; lane < 4 && i < row.Length; lane++, i++) row[i] = lane switch { 0 => n0, 1 => n1, 2 => n2, _ => n3 };
        }
    }

    /// <summary>A uniform number in [0, 1) for a counter.</summary>
    public double Uniform(uint stream, uint channel, long index)
    {
        var (a, b, _, _) = Block((uint)index, (uint)(index >> 32), channel, stream);
        return ((ulong)a << 21 ^ b >> 11) * (1.0 / (1UL << 53));
    }

    private static (float, float) BoxMuller(uint a, uint b)
    {
        double radius = Math.Sqrt(-2.0 * Math.Log((a + 1.0) * (1.0 / 4294967296.0)));
        var (sin, cos) = Math.SinCos(b * (2.0 * Math.PI / 4294967296.0));
        return ((float)(radius * cos), (float)(radius * sin));
    }
}
