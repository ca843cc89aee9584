using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Tests.Compute;

/// <summary>Tests that change the vector width of the whole process: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SimdCollection
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "SIMD width";

    internal static readonly int[] Widths = [512, 256, 128];

    /// <summary>Runs a test at each width and puts the width back.</summary>
    internal static void AtEachWidth(Action<int> body)
    {
        int before = SimdWidth.Bits;
        try
        {
            foreach (int bits in Widths)
            {
                SimdWidth.Force(bits);
                body(bits);
            }
        }
        finally
        {
            SimdWidth.Force(before);
        }
    }
}
