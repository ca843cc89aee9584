using FlowVocoder.Training;
// provisional: replaced by the command line
var cfg = TrainingConfig.FromJson(File.ReadAllText(args[1]), args[1]);
TrainingRun.Train(new TrainingPaths(args[0], args[2], Path.GetFileNameWithoutExtension(args[2]), "CC0 and public domain", "vocoder train"), cfg, args.Contains("--resume"), 2,
  (d,n)=>{ if(d%100==0) Console.WriteLine($"loading {d}/{n}"); }, r=>Console.WriteLine($"{r.Step} nats {r.NatsPerSample:f4} pitch {r.PitchLoss:f3} norm {r.GradientNorm:f3} lr {r.LearningRate:e1} skipped {r.Skipped} s/step {r.SecondsPerStep:f3} valid {r.ValidNats:f4} {r.ValidPitchLoss:f3}"), default);
