using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

LoadedVoice voice = VoiceLibrary.Load("student");
MelArray mel = MelFile.Read(args[0], voice.Model.Recipe.Bands);
float[] samples = Synthesizer.Synthesize(voice.Model, mel.Data, voice.Options, new Parallelism());
using var wav = new WavWriter(File.Create(args[1]), voice.Model.Recipe.SampleRate);
wav.Write(samples);
