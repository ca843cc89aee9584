using System.CommandLine;
using System.Diagnostics;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Plots;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Cli;

/// <summary>What a normalizing flow is, in a picture.</summary>
internal sealed class DemoVerb : Verb
{
    private const int TestPoints = 10_000, MaxSteps = 1_000_000;

    private readonly Argument<string> _density = new("DENSITY") { Description = "What is to be learned: two-moons" };
    private readonly Argument<string> _output = new("OUT.png") { Description = "The picture to write, .png or .svg" };
    private readonly Option<string?> _flow = new("--flow")
    {
        Description = $"The flow: {string.Join("; ", PlaneFlow.All.Select(flow => $"{flow.Name}, {flow.Summary}"))}. Default: realnvp",
        HelpName = "NAME",
    };
    private readonly Option<int> _steps = new("--steps")
    {
        Description = "Training steps. Default: what suits the flow, up to 1500",
        HelpName = "N",
        CustomParser = result => Inputs.Integer(result, 1, MaxSteps),
    };
    private readonly Option<ulong?> _seed = Inputs.Seed("Seed of weights and points. Default: 0");

    public DemoVerb() : base("demo", "Trains a small normalizing flow on points of the plane, in seconds, and draws data, latent space, samples and density.",
        "vocoder demo two-moons moons.png",
        "vocoder demo two-moons --flow residual --seed 1 residual.png")
    {
        Add(_density);
        Add(_output.OfFiles());
        Add(_flow);
        Add(_steps);
        Add(_seed);
        _density.OneOf("two-moons");
        _flow.OneOf([.. PlaneFlow.All.Select(flow => flow.Name)]);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        if (!Picture.IsFileName(output)) throw new UsageException($"the output is '{output}', expected a .png or .svg file");
        PlaneFlow flow = PlaneFlow.ByName(arguments.GetValue(_flow) ?? "realnvp");
        ulong seed = arguments.GetValue(_seed) ?? 0;
        int steps = arguments.GetValue(_steps) is > 0 and var asked ? asked : flow.Steps;
        Files.CheckWritable(output);
        var watch = Stopwatch.StartNew();
        // One thread: these tensors are so small that a second would only wait.
        PlaneModel model = PlaneTraining.Train(flow, steps, seed, new Parallelism(1), Progress(steps, terminal), terminal.Cancellation);
        double seconds = watch.Elapsed.TotalSeconds;
        Tensor test = PlaneTraining.TestPoints(seed, TestPoints);
        double nats = model.LogLikelihood(test), least = PlaneTraining.NormalLogLikelihood(test), most = PlaneTraining.TrueLogLikelihood(test);
        Picture picture = FlowPicture.Render(model, seed, $"Two moons through a normalizing flow: {flow.Name}",
            FormattableString.Invariant($"test log-likelihood {nats:0.000} nats (standard normal {least:0.000}, the density itself {most:0.000})"));
        AtomicFile.Write(output, stream => picture.Write(stream, output));
        terminal.Say($"{flow.Name}: {flow.Summary}; {model.Parameters.Count} parameters, {steps} steps in {seconds:0.0} s");
        terminal.Say($"test log-likelihood: {nats:0.000} nats per point; a standard normal has {least:0.000}, the density itself {most:0.000}");
        terminal.Say($"{output}: {picture.Width} x {picture.Height} pixels");
        return VocoderCommand.Success;
    }

    // The mean loss of each fifth of the training.
    private static Action<int, double> Progress(int steps, Terminal terminal)
    {
        double sum = 0;
        int count = 0;
        return (step, loss) =>
        {
            sum += loss;
            count++;
            if (step * 5L / steps == (step - 1) * 5L / steps) return;
            terminal.Say($"step {step} of {steps}: loss {sum / count:0.000}");
            (sum, count) = (0, 0);
        };
    }
}
