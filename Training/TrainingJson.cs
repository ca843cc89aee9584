using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FlowVocoder.Models;

namespace FlowVocoder.Training;

/// <summary>
/// How training configurations are written: as those of models (<see cref="Models.VocoderModel.ConfigJson"/>). By reflection, which gives nested objects the
/// default values of their classes; nobody trains in a program compiled ahead of time.
/// </summary>
internal static class TrainingJson
{
    private static readonly JsonSerializerOptions s_options = new(JsonConfigContext.Default.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>The reader and writer of <see cref="TrainingConfig"/>.</summary>
    public static JsonTypeInfo<TrainingConfig> Type { get; } = (JsonTypeInfo<TrainingConfig>)s_options.GetTypeInfo(typeof(TrainingConfig));
}
