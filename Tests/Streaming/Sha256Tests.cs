using System.Security.Cryptography;
using FlowVocoder.Streaming;

namespace FlowVocoder.Tests.Streaming;

public class Sha256Tests
{
    [Fact]
    public void Every_length_gives_the_hash_that_the_platform_gives()
    {
        byte[] bytes = new byte[300];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++) Assert.Equal(SHA256.HashData(bytes.AsSpan(0, length)), Sha256.Of(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Pieces_give_the_hash_of_the_whole()
    {
        byte[] bytes = new byte[100_003];
        var random = new Random(2);
        random.NextBytes(bytes);
        var hash = new Sha256();
        for (int at = 0; at < bytes.Length;)
        {
            int count = Math.Min(random.Next(200), bytes.Length - at);
            hash.Append(bytes.AsSpan(at, count));
            at += count;
        }
        Assert.Equal(SHA256.HashData(bytes), hash.Finish());
    }
}
