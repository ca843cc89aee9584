using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>What a file of trained weights holds: a vocoder, or a model that makes mels for one.</summary>
public interface ITrainedModel
{
    /// <summary>The kind of model, as in the file.</summary>
    string Kind { get; }

    /// <summary>The configuration as JSON, as in the file.</summary>
    string ConfigJson { get; }

    /// <summary>Recipe of its mels.</summary>
    MelRecipe Recipe { get; }

    /// <summary>All trained values.</summary>
    ParameterSet Parameters { get; }
}
