using System.Buffers.Binary;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>synth where the mel or the sound goes through a pipe, or the sound has no header.</summary>
internal sealed class SynthPipe(MelInput mels, SynthesisOptions options, Parallelism parallelism, WavFormat format, bool raw, SpeechDenoiser? denoiser,
    Terminal terminal)
{
    private readonly int _rate = mels.Voice.Model.Recipe.SampleRate;

    /// <summary>Speaks <paramref name="input"/> into <paramref name="output"/>, each a file or "-".</summary>
    public void Speak(string input, string output)
    {
        if (output == Pipes.Dash)
        {
            using Stream pipe = terminal.OpenPipeOut();
            Speak(input, pipe, Pipes.OutputName);
            return;
        }
        if (input != Pipes.Dash) Files.CheckNotAnInput(output, [input]);
        if (raw) Files.CheckEnding(output, "samples without a header", ".raw", ".pcm");
        else Files.CheckEnding(output, "a recording", ".wav", ".wave");
        if (!OutputTarget.IsDevice(output)) AtomicFile.DeleteLeftovers(output);
        using var file = new AtomicFile(output);
        // What was complete before a mistake in the input is spoken into pipes; a file is made whole or not at all.
        Speak(input, file.Stream, output);
        file.Commit();
    }

    private void Speak(string input, Stream output, string name)
    {
        LoadedVoice voice = mels.Voice;
        // The header comes before the first frame: a player behind the pipe can get ready.
        using WavWriter? wav = raw ? null : new WavWriter(output, _rate, format, leaveOpen: true);
        if (input == Pipes.Dash) WarmUp.Run(voice, voice.Model.NewStream(options, parallelism));
        MelFrames frames = FrameSource.Open(input, mels, terminal);
        VocoderStream stream = voice.Model.NewStream(input == Pipes.Dash ? options : options.ForWholeMel(voice.Model, frames.Whole?.Data), parallelism);
        long samples = 0, limited = 0;
        void Write(ReadOnlySpan<float> ready)
        {
            // Floats do not clip.
            float[] speech = ready.ToArray();
            if (format == WavFormat.Pcm16) limited += SpeechLimiter.Apply(speech);
            if (wav != null) wav.Write(speech);
            else output.Write(Bytes(speech));
            samples += ready.Length;
        }
        denoiser?.Start();
        StreamedSpeech.Speak(frames, stream, stream.ChunkFrames, ready => Write(denoiser == null ? ready : denoiser.Next(ready).Span), terminal.Cancellation);
        if (denoiser != null) Write(denoiser.End().Span);
        if (samples == 0) throw new VocoderException($"{FrameSource.Name(input)} is an empty mel, expected at least one frame");
        terminal.Say($"{name}: {(double)samples / _rate:0.00} s of speech{Speaker.Limited(limited)}");
    }

    private byte[] Bytes(ReadOnlySpan<float> samples)
    {
        var bytes = new byte[samples.Length * (format == WavFormat.Float32 ? sizeof(float) : sizeof(short))];
        if (format == WavFormat.Pcm16) Pcm16.Encode(samples, bytes);
        else
            for (int i = 0; i < samples.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), samples[i]);
        return bytes;
    }
}
