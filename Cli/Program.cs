using FlowVocoder.Training; using FlowVocoder.Models; using FlowVocoder.Voices; using FlowVocoder.Streaming; using FlowVocoder.Compute; using FlowVocoder.Features; using FlowVocoder.AudioIO; using FlowVocoder.Training.Evaluation; using FlowVocoder.Training.Data;
if (args[0]=="eval") {
  var model = CompactVoice.FromFile(VoiceFile.Read(args[1])); var rec=model.Recipe; float sigma=float.Parse(args[3],System.Globalization.CultureInfo.InvariantCulture); int n=int.Parse(args[4],System.Globalization.CultureInfo.InvariantCulture);
  var ev=new VoiceEvaluation(rec); var table=new EvaluationTable(); var par=new Parallelism(1); double nats=0; int cnt=0; double secs=0,el=0;
  foreach(var dir in Directory.GetDirectories(args[2]).Order()) foreach(var f in Directory.GetFiles(Path.Combine(dir,"valid")).Order().Take(n)) {
    var a=SpeechDataset.Read(f, rec.SampleRate); var mel=new MelSpectrogram(rec).Compute(a); var t=System.Diagnostics.Stopwatch.GetTimestamp();
    var y=Synthesizer.Synthesize(model, mel, new SynthesisOptions{Sigma=sigma}, par); el+=System.Diagnostics.Stopwatch.GetElapsedTime(t).TotalSeconds; secs+=y.Length/22050.0;
    var s=model.Score(mel,a,par); nats+=s.NatsPerSample; cnt++;
    if(args.Length>5){ Directory.CreateDirectory(args[5]); WavFile.Write(Path.Combine(args[5],Path.GetFileName(dir)+"_"+Path.GetFileNameWithoutExtension(f)+".wav"), y, rec.SampleRate); 
      var img=SpectrogramImage.Render([SpectrogramPanel.OfAudio("recording",a,rec.SampleRate),SpectrogramPanel.OfAudio("vocoder",y,rec.SampleRate)]); using var fs=File.Create(Path.Combine(args[5],Path.GetFileName(dir)+"_"+Path.GetFileNameWithoutExtension(f)+".png")); Png.Write(fs,img);}
    table.Add(Path.GetFileName(dir), Path.GetFileName(f), ev.Score(a.AsSpan(0,Math.Min(a.Length,y.Length)), y.AsSpan(0,Math.Min(a.Length,y.Length))));
  }
  Console.WriteLine(table.ToMarkdown()); Console.WriteLine($"nats {nats/cnt:f4} rtf {el/secs:f4}");
  return;
}

// provisional: replaced by the command line
var cfg = TrainingConfig.FromJson(File.ReadAllText(args[1]), args[1]);
TrainingRun.Train(new TrainingPaths(args[0], args[2], Path.GetFileNameWithoutExtension(args[2]), "CC0 and public domain", "vocoder train"), cfg, args.Contains("--resume"), 2,
  (d,n)=>{ if(d%100==0) Console.WriteLine($"loading {d}/{n}"); }, r=>Console.WriteLine($"{r.Step} nats {r.NatsPerSample:f4} pitch {r.PitchLoss:f3} norm {r.GradientNorm:f3} lr {r.LearningRate:e1} skipped {r.Skipped} s/step {r.SecondsPerStep:f3} valid {r.ValidNats:f4} {r.ValidPitchLoss:f3} mel {r.MelLoss:f4} {r.ValidMelLoss:f4}"), default);
