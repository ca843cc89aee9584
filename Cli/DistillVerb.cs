using System.CommandLine;
using FlowVocoder.Training;

namespace FlowVocoder.Cli;

/// <summary>Teacher → student: probability density distillation.</summary>
internal sealed class DistillVerb : TrainingVerb
{
    private readonly Option<string> _teacher = new("--teacher")
    {
        Description = "The voice that teaches, trained here (kind compact) with a flow that scores in one pass: coupling or maf. A WaveGlow cannot teach; "
            + "clarinet-teacher teaches with --config clarinet-student",
        HelpName = "NAME|FILE", Required = true,
    };

    public DistillVerb() : base("distill", "Trains a student, an inverse autoregressive flow that generates in one pass, to speak what a teacher finds "
        + "likely. Recordings give the mels to speak and, where the configuration asks for it, the speech to be near to. Ctrl-C saves and stops; --resume "
        + "goes on.",
        "vocoder distill --teacher teacher --data recordings --config student --out student.safetensors",
        "vocoder distill --teacher compact --data recordings --steps 3000 --set mel_loss_weight=2 --out student.safetensors",
        "vocoder distill --teacher clarinet.safetensors --data recordings --config clarinet-student --out student.safetensors",
        "vocoder distill --teacher teacher --data recordings --out student.safetensors --resume") =>
        Add(_teacher);

    protected override TrainingPaths With(ParseResult arguments, TrainingPaths paths) => paths with { Teacher = arguments.GetRequiredValue(_teacher) };

    protected override TrainingConfig Default => TrainingSettings.Read("student");
}
