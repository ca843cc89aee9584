using System.CommandLine;
using FlowVocoder;
using FlowVocoder.Benchmarks;
using FlowVocoder.Voices;

var steps = new Option<int>("--steps") { Description = "steps in a round", DefaultValueFactory = _ => 6 };
var rounds = new Option<int>("--rounds") { Description = "rounds; the shortest time of all is reported", DefaultValueFactory = _ => 2 };
var pytorch = new Option<bool>("--pytorch") { Description = "also run the same network in PyTorch, in turn with ours" };
var python = new Option<string>("--python") { Description = "the Python that has torch", DefaultValueFactory = _ => "python3" };
var voice = new Option<string?>("--voice") { Description = "voice file or name; without it what ships in data/voices" };
var minutes = new Option<double>("--minutes") { Description = "length of the synthesis whose memory is measured", DefaultValueFactory = _ => 10 };
var seconds = new Option<double>("--seconds") { Description = "seconds of audio", DefaultValueFactory = _ => 1 };

var kernels = new Command("kernels", "Convolution beside the multiply-add peak of the processor.");
var training = new Command("training", "Training steps of the default compact voice.") { steps, rounds, pytorch, python };
var synth = new Command("synth", "Real-time factor on one thread, time per part, and memory of a long synthesis.") { voice, minutes };
var streaming = new Command("streaming", "Latency, step times and real-time factor of small chunks, on one thread.") { voice };
var runSeconds = new Option<double>("--seconds") { Description = "length of each run of the search", DefaultValueFactory = _ => 10 };
var buffer = new Option<double>("--buffer") { Description = "milliseconds that a player has in its buffer", DefaultValueFactory = _ => 50 };
var load = new Command("load", "How many concurrent streams the machine holds in real time without an underrun.") { voice, runSeconds, buffer };
kernels.SetAction(_ =>
{
    KernelBenchmark.Run();
    ShortKernelBenchmark.Run();
});
training.SetAction(result => TrainingBenchmark.Run(result.GetValue(steps), result.GetValue(rounds), result.GetValue(pytorch) ? result.GetValue(python) : null));
synth.SetAction(result => SynthesisBenchmark.Run(result.GetValue(voice), result.GetValue(minutes)));
var directions = new Command("directions", "Speaking on one thread and on all, scoring on one, in parallel and step by step.") { voice, seconds };
directions.SetAction(result => DirectionsBenchmark.Run(result.GetValue(voice), result.GetValue(seconds)));
streaming.SetAction(result => StreamingBenchmark.Run(result.GetValue(voice)));
load.SetAction(result => LoadBenchmark.Run(result.GetValue(voice), result.GetValue(runSeconds), result.GetValue(buffer)));
var features = new Command("features", "Mel spectrogram, pitch and Griffin-Lim of a recording, on one thread.");
features.SetAction(_ => FeatureBenchmark.Run());
var data = new Option<string>("--data") { Description = "folder of recordings, one subfolder a speaker", Required = true };
var limit = new Option<int>("--limit") { Description = "clips of a speaker, 0 for all", DefaultValueFactory = _ => 2 };
var mels = new Command("mels", "Speech from the mels of every toolkit beside speech from the voice's own.") { voice, data, limit };
mels.SetAction(result => MelBenchmark.Run(BenchmarkVoices.Loaded(result.GetValue(voice) ?? VoiceLibrary.DefaultVoice), result.GetRequiredValue(data),
    result.GetValue(limit)));
var make = new Option<string?>("--make") { Description = "only write the checkpoint there" };
var import = new Command("import", "A WaveGlow checkpoint of the published size, of random weights: time and memory to import it and to speak.") { make };
import.SetAction(result => ImportBenchmark.Run(result.GetValue(make)));
var audio = new Command("audio", "Wav files, ring and meter beside those of NAudio.");
audio.SetAction(_ => AudioBenchmark.Run());
var anomaly = new Command("anomaly", "Planted faults that are found at 1 % of false alarms.") { data, voice };
anomaly.SetAction(result => AnomalyBenchmark.Run(result.GetRequiredValue(data), result.GetValue(voice)));
var peer = new Option<string[]>("--peer") { Description = "an .onnx file of another vocoder; may be given several times", DefaultValueFactory = _ => [] };
var engineRounds = new Option<int>("--rounds") { Description = "rounds; medians of them are told", DefaultValueFactory = _ => 3 };
var measure = new Option<double>("--measure") { Description = "seconds that each figure is measured in each round", DefaultValueFactory = _ => 0.8 };
var profile = new Option<bool>("--profile") { Description = "instead of that, where ONNX Runtime's time goes" };
var engines = new Command("engines", "Managed code, ONNX Runtime and libtorch side by side; built with -p:Onnx=cpu and -p:Torch=cpu.")
{
    voice, peer, engineRounds, measure, profile,
};
engines.SetAction(result =>
{
    if (result.GetValue(profile)) EnginesBenchmark.Profile(result.GetValue(voice));
    else EnginesBenchmark.Run(result.GetValue(voice), result.GetRequiredValue(peer), result.GetValue(engineRounds), result.GetValue(measure));
});
var gpuDevice = new Option<string>("--device") { Description = "cuda or cuda:N; cpu tries the same on the processor", DefaultValueFactory = _ => "cuda" };
var frames = new Option<int>("--frames") { Description = "frames of the mel", DefaultValueFactory = _ => 344 };
var batch = new Option<int>("--batch") { Description = "crops in a step of training", DefaultValueFactory = _ => 12 };
var gpu = new Command("gpu", "A CUDA device beside managed code: WaveGlow, our voices, training; built with -p:Torch=cuda-linux or cuda-windows.")
{
    gpuDevice, voice, frames, steps, batch, engineRounds, measure,
};
gpu.SetAction(result =>
    GpuBenchmark.Run(result.GetRequiredValue(gpuDevice), result.GetValue(voice), result.GetValue(frames), result.GetValue(steps), result.GetValue(batch),
        result.GetValue(engineRounds), result.GetValue(measure)));
var words = new Argument<string[]>("WORDS");
var engineRow = new Command(EngineRow.Command) { words };
engineRow.SetAction(result => Console.WriteLine(EngineRow.Here(result.GetRequiredValue(words))));
var trainingRow = new Command(TrainingRow.Command) { words };
trainingRow.SetAction(result => Console.WriteLine(TrainingRow.Here(result.GetRequiredValue(words))));
engineRow.Hidden = trainingRow.Hidden = true;
var device = new Option<string>("--device") { Description = "a device of libtorch: cpu, cuda or cuda:N", DefaultValueFactory = _ => "cpu" };
var precision = new Command("precision", "What convolutions in fewer bits cost in nats and in speech; built with -p:Torch=cpu or one of CUDA.")
{
    voice, data, limit, device,
};
precision.SetAction(result =>
    PrecisionBenchmark.Run(result.GetValue(voice), result.GetRequiredValue(data), result.GetValue(limit), result.GetRequiredValue(device)));
var reversible = new Command("reversible", "Memory and time of training steps with activations stored and rebuilt, for 6 to 48 flows.");
reversible.SetAction(_ => ReversibleBenchmark.Run(TrainingBenchmark.RandomData()));
var flowtron = new Command("flowtron",
    "Mels of a Flowtron of the published size, of random weights: processor time to the first frame and for each further one.");
flowtron.SetAction(_ => FlowtronBenchmark.Run());
var root = new RootCommand("Speed and memory of FlowVocoder, as Markdown tables. Run it on an idle machine.")
{
    kernels, training, synth, streaming, load, directions, features, mels, audio, import, anomaly, engines, gpu, precision, reversible, flowtron, engineRow,
    trainingRow,
};
try
{
    BenchmarkEngines.Register();
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (VocoderException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
