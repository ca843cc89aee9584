using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Speaks one mel after the other into files.</summary>
internal sealed class Speaker(MelInput input, SynthesisOptions options, Parallelism parallelism, WavFormat format, SpeechDenoiser? denoiser, Terminal terminal)
{
    /// <summary>What is said of samples that were beyond full scale; nothing where there were none.</summary>
    public static string Limited(long samples) => samples == 0 ? ""
        : FormattableString.Invariant($"; {samples} {(samples == 1 ? "sample" : "samples")} beyond full scale rounded off");

    /// <summary>Writes the wav of a mel, whole or not at all; returns a line about it.</summary>
    public string Speak(SynthJob job, Action<int>? progress = null)
    {
        LoadedVoice voice = input.Voice;
        int rate = voice.Model.Recipe.SampleRate;
        MelArray mel = input.Read(job.Mel, terminal);
        using var file = new AtomicFile(job.Wav);
        long start = System.Diagnostics.Stopwatch.GetTimestamp(), samples = 0, limited = 0;
        float[] speech = [];
        using (var writer = new WavWriter(file.Stream, rate, format))
        {
            void Write(ReadOnlyMemory<float> chunk)
            {
                // Floats do not clip.
                if (format == WavFormat.Float32) writer.Write(chunk.Span);
                else
                {
                    if (speech.Length < chunk.Length) speech = new float[chunk.Length];
                    chunk.Span.CopyTo(speech);
                    limited += SpeechLimiter.Apply(speech.AsSpan(0, chunk.Length));
                    writer.Write(speech.AsSpan(0, chunk.Length));
                }
                samples += chunk.Length;
                progress?.Invoke((int)(100 * samples / ((long)mel.Frames * voice.Model.Recipe.HopSize)));
            }
            void Speak()
            {
                denoiser?.Start();
                Synthesizer.Synthesize(voice.Model, mel.Data, options, parallelism, chunk => Write(denoiser?.Next(chunk.Span) ?? chunk), terminal.Cancellation);
                if (denoiser != null) Write(denoiser.End());
            }
            try
            {
                Speak();
            }
            catch (VocoderException e) when (!e.Message.Contains(job.Wav, StringComparison.Ordinal))
            {
                throw new VocoderException($"'{job.Mel}': {e.Message}", e);
            }
        }
        file.Commit();
        double took = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, seconds = (double)samples / rate;
        return FormattableString.Invariant(
            $"{job.Wav}: {seconds:0.00} s of speech in {took:0.00} s, real-time factor {took / seconds:0.000}{Limited(limited)}");
    }
}
