using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Benchmarks;

/// <summary>The stages of a compact voice, each run alone over a mel in the chunks of a stream.</summary>
internal sealed class SynthesisParts(CompactVocoder model, float[] mel, int chunk, Parallelism parallelism)
{
    private readonly int _chunks = mel.Length / model.Recipe.Bands / chunk, _steps = model.Recipe.HopSize / model.Config.Group;

    /// <summary>Name and shortest time in seconds of each stage, for the whole mel.</summary>
    public IEnumerable<(string Name, double Seconds)> Measure()
    {
        if (model.Pitch != null) yield return ("pitch predictor", InChunks((ops, frames, _) => model.Pitch.Apply(ops, frames)));
        yield return ("condition: mel encoder and phase", InChunks((ops, frames, phase) => model.Condition(ops, frames, 0, phase)));
        if (model.Phase != null) yield return ("harmonics of the phase", Harmonics());
        yield return ("noise", Noise());
        yield return ("flow", Flow());
        if (model.Filter != null)
        {
            var (predictors, filter) = LinearPrediction();
            yield return ("predictors from the mel", predictors);
            yield return ("linear prediction filter", filter);
        }
    }

    private double InChunks(Action<Ops, Tensor, PhaseFeatures?> stage)
    {
        var ops = new CpuOps(parallelism, state: new StreamState());
        var frames = new Tensor(1, model.Recipe.Bands, chunk);
        PhaseFeatures? phase = model.Phase?.Rent(new CpuOps(), 1, chunk * _steps);
        return Repeat(() =>
        {
            stage(ops, frames, phase);
            ops.Reset();
        });
    }

    private double Harmonics()
    {
        float[] phase = [.. Enumerable.Range(0, model.Recipe.HopSize).Select(t => 0.05f * t)];
        PhaseFeatures features = model.Phase!.Rent(new CpuOps(), 1, chunk * _steps);
        return Repeat(() =>
        {
            for (int i = 0; i < chunk; i++) model.Phase.Write(phase, 150, features, 0, i * _steps);
        });
    }

    private double Noise()
    {
        var random = new Philox(1);
        var latents = new Tensor(1, model.Config.Group, chunk * _steps);
        return Repeat(() => random.Normal(latents, 0, 0));
    }

    private double Flow()
    {
        var ops = new CpuOps(parallelism, state: new StreamState());
        FlowCondition condition = BenchmarkVoices.Condition(model, chunk * _steps);
        Tensor[] latents = [.. model.Stack.LatentChannels.Select(channels => new Tensor(1, channels, chunk * _steps))];
        foreach (Tensor latent in latents) new Philox(1).Normal(latent.Span, 0, 0, 0);
        return Repeat(() =>
        {
            model.Stack.Inverse(ops, latents, condition);
            ops.Reset();
        });
    }

    private (double Predictors, double Filter) LinearPrediction()
    {
        MelLinearPredictor predictor = model.NewPredictor()!;
        int frames = _chunks * chunk, blocks = frames * predictor.BlocksPerHop;
        float[] a = new float[blocks * predictor.Order], g = new float[blocks], history = new float[predictor.Order],
            audio = new float[frames * model.Recipe.HopSize];
        double predictors = Clock.Shortest(() => predictor.Compute(mel, frames, a, g)),
            filter = Clock.Shortest(() => model.Filter!.Synthesize(audio, a, g, history, audio));
        return (predictors, filter);
    }

    private double Repeat(Action oneChunk) => _chunks * Clock.Shortest(oneChunk);
}
