using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Tests.Streaming;
using FlowVocoder.Training;

namespace FlowVocoder.Tests.Training;

public sealed class GrowthTests
{
    private static readonly CompactConfig s_small = CompactModels.Small with { HarmonicBands = [500, 1000, 3000] };

    private static CompactConfig Large(CompactConfig small) => small with
    {
        EncoderChannels = 13, ConditionChannels = 9, PitchChannels = 11, HarmonicBands = [250, 500, 750, 1000, 2000, 3000, 4000],
    };

    [Theory, InlineData(FlowKind.Coupling), InlineData(FlowKind.Iaf)]
    public void A_grown_voice_speaks_as_before_and_can_learn_in_what_is_new(FlowKind kind)
    {
        CompactConfig config = s_small with { Flow = kind, EarlyEvery = kind == FlowKind.Coupling ? 2 : 0 };
        CompactVocoder small = CompactModels.Create(config), large = CompactModels.Create(Large(config));
        Growth.Take(large, small);
        float[] mel = StreamRuns.BandMajor(StreamRuns.Mel(40, 80, 5), 80);
        float[] Speak(CompactVocoder model) => Synthesizer.Synthesize(model, mel, new SynthesisOptions { Seed = 3, Match = 0 }, new Parallelism(1));
        float[] before = Speak(small);
        Assert.Contains(small.PredictPitch(mel, new Parallelism(1))!, hz => hz > 0);
        Assert.InRange(Samples.RelativeL2(before, Speak(large)), 0, 1e-5);
        // Each part that is new reaches the speech once its weights are no longer nothing.
        foreach (string name in new[] { "WN.0.cond_layer.weight_v", "harmonics.weight", "mel_encoder.1.weight", "phase_encoder.1.weight" })
        {
            Tensor weight = large.Parameters.Items.Single(p => p.Name == name).Value;
            float[] kept = weight.Span.ToArray();
            weight.Row(name.StartsWith("harmonics", StringComparison.Ordinal) ? 2 * 6 : 0, weight.Channels - 1)[0] = 2;
            weight.MarkChanged();
            Assert.True(Samples.RelativeL2(before, Speak(large)) > 1e-3, name);
            kept.CopyTo(weight.Span);
            weight.MarkChanged();
        }
    }

    [Fact]
    public void Only_wider_and_finer_configurations_of_the_same_flows_fit()
    {
        Assert.True(Growth.Fits(Large(s_small), s_small));
        Assert.True(Growth.Fits(s_small, s_small with { HarmonicBands = [] }));
        foreach (CompactConfig other in (CompactConfig[])[
            s_small with { EncoderChannels = 20 }, s_small with { HarmonicBands = [600] }, s_small with { Channels = 4 }, s_small with { Flows = 2 },
            s_small with { Flow = FlowKind.Maf }, s_small with { LinearPrediction = 4 }])
            Assert.False(Growth.Fits(Large(s_small), other));
        CompactConfig continuous = s_small with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0 };
        Assert.False(Growth.Fits(Large(continuous), continuous));
    }
}
