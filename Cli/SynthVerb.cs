using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>mel → speech.</summary>
internal sealed class SynthVerb : Verb
{
    private readonly Argument<string[]> _files = new("MEL.npy ... OUT.wav")
    {
        Description = "One mel and the wav to write, or several mels and the folder to write into. Mels are .npy of shape [bands, T] or [T, bands], behind "
            + "any axes of 1. "
            + "'-' is standard input, which brings frames of little-endian float32 one after the other (or a whole .npy), or standard output; each frame is "
                + "answered as soon as the voice can",
        Arity = new ArgumentArity(2, 100_000),
    };

    private readonly Option<bool> _float = new("--float") { Description = "Write 32-bit floats, which do not clip, instead of 16-bit integers" };
    private readonly Option<bool> _raw = new("--raw") { Description = "Write nothing but little-endian samples, without the header of a wav" };
    private readonly Option<float?> _denoise = Inputs.Denoise();
    private readonly MelOptions _mels;
    private readonly SpeakingOptions _speaking;

    public SynthVerb() : base("synth", "Speaks mel spectrograms.",
        "vocoder mel speech.wav speech.npy && vocoder synth speech.npy out.wav",
        "vocoder synth speech.npy higher.wav --pitch 3 --sigma 0.8",
        "vocoder synth mels/*.npy spoken/",
        "vocoder synth espnet.npy out.wav --mel-recipe espnet --stats feats_stats.npz --approximate",
        "text2mel | vocoder synth - - --raw | aplay -r 22050 -f S16_LE")
    {
        Add(_files.OfFiles(orPipe: true));
        _mels = new MelOptions(this);
        _speaking = new SpeakingOptions(this);
        Add(_denoise);
        Add(_float);
        Add(_raw);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string[] files = arguments.GetRequiredValue(_files);
        terminal = terminal.Beside(files[^1]);
        bool raw = arguments.GetValue(_raw), piped = raw || files.Contains(Pipes.Dash);
        if (piped && files.Length != 2)
            throw new UsageException($"found {files.Length} files and {(raw ? "--raw" : "'-'")}, expected one mel and one output");
        IReadOnlyList<SynthJob> jobs = piped ? [] : SynthJobs.Plan(files);
        LoadedVoice voice = _speaking.Voice(arguments);
        SynthesisOptions options = _speaking.Synthesis(arguments, voice);
        MelInput mels = _mels.For(arguments, voice, terminal);
        SpeechDenoiser? denoiser = SpeechDenoiser.For(voice, arguments.GetValue(_denoise), _speaking.Parallelism(arguments));
        WavFormat format = arguments.GetValue(_float) ? WavFormat.Float32 : WavFormat.Pcm16;
        if (piped)
        {
            StepByStepCost.TellSpeaking(voice, null, terminal);
            new SynthPipe(mels, options, _speaking.StreamParallelism(arguments), format, raw, denoiser, terminal).Speak(files[0], files[1]);
            return VocoderCommand.Success;
        }
        if (voice.Model.GeneratesStepByStep) StepByStepCost.TellSpeaking(voice, SynthJobs.Frames(jobs, mels), terminal);
        SynthJobs.Prepare(jobs);
        var speaker = new Speaker(mels, options, _speaking.Parallelism(arguments), format, denoiser, terminal);
        int failed = 0;
        // One bad mel of many is told and counted; the others are spoken all the same.
        (string Line, bool Spoken) Attempt(SynthJob job, Action<int>? progress)
        {
            try
            {
                return (speaker.Speak(job, progress), true);
            }
            catch (VocoderException e) when (jobs.Count > 1)
            {
                failed++;
                return ($"vocoder: {e.Message}", false);
            }
        }
        // Drawing needs a terminal, and half a second of a short job's time.
        if (terminal.Interactive && jobs.Count > 1) SynthProgress.Run(jobs, (job, progress) => Attempt(job, progress).Line);
        else
            foreach (SynthJob job in jobs)
            {
                var (line, spoken) = Attempt(job, null);
                if (spoken) terminal.Say($"{line}");
                else terminal.Warn($"{line}");
            }
        return failed == 0 ? VocoderCommand.Success : throw new VocoderException($"{failed} of {jobs.Count} mels could not be spoken");
    }
}
