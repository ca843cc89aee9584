using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>mel → speech.</summary>
internal sealed class SynthVerb : Verb
{
    private readonly Argument<string[]> _files = new("MEL.npy ... OUT.wav")
    {
        Description = "One mel and the wav to write, or several mels and the folder to write into. Mels are .npy of shape [bands, T], [1, bands, T] or [T, bands]",
        Arity = new ArgumentArity(2, 100_000),
    };

    private readonly Option<string?> _voice = Inputs.Voice("Who speaks");
    private readonly Option<float?> _sigma = Inputs.Sigma();
    private readonly Option<float?> _pitch = Inputs.Number("--pitch", "SEMITONES", "Raises or lowers the voice, -24 to 24. Default: 0");
    private readonly Option<ulong?> _seed = Inputs.Seed("Seed of the noise: the same seed gives the same samples. Default: 0");
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Option<bool> _float = new("--float") { Description = "Write 32-bit floats, which do not clip, instead of 16-bit integers" };

    public SynthVerb() : base("synth", "Speaks mel spectrograms.",
        "vocoder mel speech.wav speech.npy && vocoder synth speech.npy out.wav",
        "vocoder synth speech.npy higher.wav --pitch 3 --sigma 0.8",
        "vocoder synth mels/*.npy spoken/")
    {
        Add(_files.OfFiles());
        foreach (Option option in (Option[])[_voice, _sigma, _pitch, _seed, _threads, _float]) Add(option);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        var jobs = SynthJobs.Plan(arguments.GetRequiredValue(_files));
        LoadedVoice voice = arguments.LoadVoice(_voice);
        var options = new SynthesisOptions
        {
            Sigma = arguments.GetValue(_sigma) ?? voice.Sigma, PitchShift = arguments.GetValue(_pitch) ?? 0, Seed = arguments.GetValue(_seed) ?? 0,
        };
        try
        {
            options.Validate();
        }
        catch (VocoderException e)
        {
            throw new UsageException(e.Message);
        }
        var speaker = new Speaker(voice, options, arguments.Parallelism(_threads), arguments.GetValue(_float) ? WavFormat.Float32 : WavFormat.Pcm16, terminal);
        // Drawing needs a terminal, and half a second of a short job's time.
        if (terminal.Interactive && jobs.Count > 1) SynthProgress.Run(jobs, speaker);
        else
            foreach (SynthJob job in jobs) (Files.IsDevice(job.Wav) ? terminal.Error : terminal.Out).WriteLine(speaker.Speak(job));
        return VocoderCommand.Success;
    }
}

/// <summary>Speaks one mel after the other into files.</summary>
internal sealed class Speaker(LoadedVoice voice, SynthesisOptions options, Parallelism parallelism, WavFormat format, Terminal terminal)
{
    /// <summary>Writes the wav of a mel, whole or not at all; returns a line about it.</summary>
    public string Speak(SynthJob job, Action<int>? progress = null)
    {
        int rate = voice.Model.Recipe.SampleRate;
        MelArray mel = Files.Mel(job.Mel, voice, terminal);
        using var file = new AtomicFile(job.Wav);
        long start = System.Diagnostics.Stopwatch.GetTimestamp(), samples = 0;
        using (var writer = new WavWriter(file.Stream, rate, format))
        {
            Synthesizer.Synthesize(voice.Model, mel.Data, options, parallelism, chunk =>
            {
                foreach (float sample in chunk.Span)
                    if (!float.IsFinite(sample)) throw new VocoderException($"'{job.Mel}': the voice '{voice.Name}' makes samples of it that are not finite, expected a mel on its scale");
                writer.Write(chunk.Span);
                samples += chunk.Length;
                progress?.Invoke((int)(100 * samples / ((long)mel.Frames * voice.Model.Recipe.HopSize)));
            }, terminal.Cancellation);
        }
        file.Commit();
        double took = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, seconds = (double)samples / rate;
        return FormattableString.Invariant($"{job.Wav}: {seconds:0.00} s of speech in {took:0.00} s, real-time factor {took / seconds:0.000}");
    }
}
