using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

/// <summary>Compares checkpoints.</summary>
internal static class CheckpointFiles
{
    /// <summary>The whole state: weights, moments, averages and counters. Which commands led there, and for which voice, may differ.</summary>
    public static void AssertSame(string expected, string found)
    {
        SafeTensorsFile a = SafeTensorsFile.Read(expected), b = SafeTensorsFile.Read(found);
        static Dictionary<string, string> State(SafeTensorsFile file) =>
            file.Metadata.Where(m => m.Key is not ("command" or "name" or "licence")).ToDictionary();
        Assert.Equal(State(a), State(b));
        Assert.Equal(a.Tensors.Keys, b.Tensors.Keys);
        foreach (string name in a.Tensors.Keys) Assert.Equal(a.Tensors[name].Data, b.Tensors[name].Data);
    }
}
