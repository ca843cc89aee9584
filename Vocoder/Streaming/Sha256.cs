using System.Buffers.Binary;
using System.Numerics;

namespace FlowVocoder.Streaming;

/// <summary>
/// SHA-256 (FIPS 180-4) of what is appended. That of .NET is OpenSSL's on Linux and ends the process where there is none, which a C library must not; what is
/// hashed here are voices and saved states, once, and nothing secret.
/// </summary>
internal sealed class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private const int BlockSize = 64;

    // Fractional parts of the cube roots of the first 64 primes.
    private static readonly uint[] s_constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    // Of the square roots of the first 8 primes.
    private readonly uint[] _state =
    [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];

    private readonly byte[] _block = new byte[BlockSize];
    private readonly uint[] _words = new uint[BlockSize];
    private long _length;

    /// <summary>The hash of some bytes.</summary>
    public static byte[] Of(ReadOnlySpan<byte> bytes)
    {
        var hash = new Sha256();
        hash.Append(bytes);
        return hash.Finish();
    }

    /// <summary>Takes in more bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        int held = (int)(_length % BlockSize);
        _length += bytes.Length;
        if (held > 0)
        {
            int count = Math.Min(BlockSize - held, bytes.Length);
            bytes[..count].CopyTo(_block.AsSpan(held));
            bytes = bytes[count..];
            if (held + count < BlockSize) return;
            Mix(_block);
        }
        for (; bytes.Length >= BlockSize; bytes = bytes[BlockSize..]) Mix(bytes);
        bytes.CopyTo(_block);
    }

    /// <summary>The hash of all of them. Nothing is appended afterwards.</summary>
    public byte[] Finish()
    {
        // A bit of 1, zeros, and the length in bits fill the last block.
        Span<byte> padding = stackalloc byte[2 * BlockSize];
        padding.Clear();
        padding[0] = 0x80;
        int zeros = (int)((2 * BlockSize - 9 - _length % BlockSize) % BlockSize);
        BinaryPrimitives.WriteInt64BigEndian(padding[(1 + zeros)..], _length * 8);
        Append(padding[..(9 + zeros)]);
        byte[] hash = new byte[Size];
        for (int i = 0; i < _state.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(4 * i), _state[i]);
        return hash;
    }

    private void Mix(ReadOnlySpan<byte> block)
    {
        uint[] w = _words;
        for (int i = 0; i < 16; i++) w[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * i)..]);
        for (int i = 16; i < w.Length; i++)
        {
            uint low = BitOperations.RotateRight(w[i - 15], 7) ^ BitOperations.RotateRight(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint high = BitOperations.RotateRight(w[i - 2], 17) ^ BitOperations.RotateRight(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + low + w[i - 7] + high;
        }
        var (a, b, c, d, e, f, g, h) = (_state[0], _state[1], _state[2], _state[3], _state[4], _state[5], _state[6], _state[7]);
        for (int i = 0; i < w.Length; i++)
        {
            uint chosen = (e & f) ^ (~e & g), most = (a & b) ^ (a & c) ^ (b & c);
            uint turnedE = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint turnedA = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint first = h + turnedE + chosen + s_constants[i] + w[i], second = turnedA + most;
            (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
        }
        ReadOnlySpan<uint> mixed = [a, b, c, d, e, f, g, h];
        for (int i = 0; i < mixed.Length; i++) _state[i] += mixed[i];
    }
}
