using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class NoiseStreamsTests
{
    // The largest batch is 4096 and a model has fewer than 65,536 parts of latents and parameters.
    [Fact]
    public void No_two_uses_of_a_seed_share_a_stream()
    {
        var owners = new Dictionary<uint, string>();
        void Claim(string use, IEnumerable<uint> streams)
        {
            foreach (uint stream in streams)
                if (!owners.TryAdd(stream, use)) Assert.Fail($"{use} and {owners[stream]} share stream {stream}");
        }
        static IEnumerable<uint> Items(Func<int, uint> stream) => Enumerable.Range(0, 4096).Select(stream);
        // What a run draws; in synthesis, latents take the place of the weights.
        Claim("weights", Enumerable.Range(0, 65_536).Select(NoiseStreams.Weights));
        Claim("crops", Items(NoiseStreams.Crops));
        Claim("dequantisation", Items(NoiseStreams.Dequantization));
        Claim("phase in training", Items(NoiseStreams.TrainingPhase));
        Claim("blur", Items(NoiseStreams.Blur));
        foreach (uint take in new uint[] { 0, 1, 2 })
            Claim($"take {take}", Enumerable.Range(0, 65_536).Select(part => NoiseStreams.TrainingLatents(take) + (uint)part));
        Claim("start of the phase", [NoiseStreams.StartPhase]);
    }

    // A voice says the same under a seed as ever.
    [Fact]
    public void Streams_of_synthesis_stay() => Assert.Equal((0u, uint.MaxValue), (NoiseStreams.Latents, NoiseStreams.StartPhase));
}
