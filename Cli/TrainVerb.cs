namespace FlowVocoder.Cli;

/// <summary>Recordings → voice, by maximum likelihood.</summary>
internal sealed class TrainVerb : TrainingVerb
{
    public TrainVerb() : base("train", "Trains a flow on a folder of recordings by maximum likelihood, with losses of generated speech where the "
        + "configuration asks for them: a coupling flow, with model.flow=maf an autoregressive teacher, or with --config waveflow-cpu, flowavenet, "
        + "wavenode or clarinet-teacher one of these. Ctrl-C saves and stops; --resume goes on.",
        "vocoder train --data recordings --out voice.safetensors --licence CC0-1.0",
        "vocoder train --data recordings --config small.json --set model.channels=64 --steps 5000 --out small.safetensors",
        "vocoder train --data recordings --from compact --learning-rate 1e-4 --steps 2000 --out mine.safetensors",
        "vocoder train --data recordings --out voice.safetensors --resume")
    {
    }
}
