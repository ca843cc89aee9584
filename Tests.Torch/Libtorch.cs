using FlowVocoder.Torch;

// libtorch has one number of threads, and one count of tensors, for all.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace FlowVocoder.Tests.Torch;

/// <summary>The engine, for tests that are skipped where its native library cannot be loaded.</summary>
internal static class Libtorch
{
    private static readonly Lazy<TorchEngine> s_engine = new(() => new TorchEngine());

    public static TorchEngine Engine
    {
        get
        {
            Assert.SkipWhen(TorchDevices.Fault != null, TorchDevices.Fault ?? "");
            return s_engine.Value;
        }
    }
}
