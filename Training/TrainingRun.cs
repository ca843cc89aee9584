using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Voices;

namespace FlowVocoder.Training;

/// <summary>Where a run reads and writes.</summary>
/// <param name="Data">Folder of recordings.</param>
/// <param name="Output">The voice to write; checkpoint and log lie beside it.</param>
/// <param name="Name">Name of the voice.</param>
/// <param name="Licence">Licence of the recordings, told with the voice.</param>
/// <param name="Command">The command that was typed, told with the voice.</param>
public sealed record TrainingPaths(string Data, string Output, string Name, string Licence, string Command)
{
    /// <summary>A voice whose weights a new run starts from, to fine-tune it; null starts at random.</summary>
    public string? From { get; init; }

    /// <summary>A list of the texts of the recordings for a Flowtron, see <see cref="Transcripts"/>; null finds them in the folder.</summary>
    public string? Texts { get; init; }

    /// <summary>A voice that teaches: the run distils a student from it; null trains by maximum likelihood.</summary>
    public string? Teacher { get; init; }

    /// <summary>The state of the run.</summary>
    public string Checkpoint => Stem + ".checkpoint.safetensors";

    /// <summary>One JSON object a line for each report.</summary>
    public string Log => Stem + ".log.jsonl";

    // No other extension is one: v1.0 and v1.1 are two voices.
    private string Stem => Output.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Output[..^Extension.Length] : Output;

    /// <summary>What the name of a voice file ends in.</summary>
    public const string Extension = ".safetensors";
}

/// <summary>A training run from a folder of recordings to a voice file: what <c>vocoder train</c> and <c>vocoder distill</c> do.</summary>
public static class TrainingRun
{
    /// <summary>A run that was started before.</summary>
    /// <exception cref="VocoderException">There is no usable checkpoint.</exception>
    public static SavedRun Saved(TrainingPaths paths) => File.Exists(paths.Checkpoint) ? Checkpoint.ReadRun(paths.Checkpoint)
        : throw new VocoderException($"{paths.Checkpoint}: no such file, expected the checkpoint of a run to resume; start without --resume");

    /// <summary>Trains, or goes on from the checkpoint when <paramref name="resume"/> is set.</summary>
    /// <exception cref="VocoderException">Data, configuration or files are not usable.</exception>
    /// <exception cref="OperationCanceledException">Stopped before the first step; later, a checkpoint is written and the call returns.</exception>
    public static void Train(TrainingPaths paths, TrainingConfig config, bool resume, int threads, Action<int, int>? loading,
        Action<TrainingReport>? report, CancellationToken cancellation, Action<string>? tell = null, Engine? engine = null)
    {
        config.Validate();
        var recipe = MelRecipe.ByName(config.Recipe);
        ITrainedModel model = config switch
        {
            { Flowtron: { } flowtron } => new Flowtron(flowtron, config.Seed, recipe),
            { WaveFlow: { } waveFlow } => new WaveFlow(waveFlow, config.Seed, recipe),
            { FloWaveNet: { } floWaveNet } => new FloWaveNet(floWaveNet, config.Seed, recipe),
            { WaveNode: { } waveNode } => new WaveNode(waveNode, config.Seed, recipe),
            { ClariNetTeacher: { } clariNetTeacher } => new ClariNetTeacher(clariNetTeacher, config.Seed, recipe),
            { ClariNet: { } clariNet } => new ClariNet(clariNet, config.Seed, recipe),
            _ => new CompactVocoder(config.Model, recipe, config.Seed),
        };
        // Before any recording is read: what does not fit should be told at once.
        VocoderModel? teacher = paths.Teacher == null ? null : Teacher(paths.Teacher, model, config);
        if (teacher == null) RequireNoTeacher(model);
        if (paths.Texts != null && model is not Flowtron)
            throw new VocoderException($"found --texts and a model of kind '{model.Kind}', expected '{Flowtron.KindName}' for texts");
        var run = new SavedRun(config, 0, paths.Name, paths.Licence, paths.Command, teacher == null ? "" : Convert.ToHexString(teacher.Fingerprint.Span));
        void RequireState()
        {
            if (resume) RequireSame(Saved(paths), run, paths.Checkpoint);
            else RequireNew(paths);
        }
        RequireState();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(paths.Output))!);
        using var exclusive = RunLock.Take(paths.Output);
        // Another run may have ended, or begun and ended, in between.
        RequireState();
        // A kill while one was written leaves a file of its size.
        AtomicFile.DeleteLeftovers(paths.Output, paths.Checkpoint, paths.Log);
        var (task, amount, speakers) = Task(paths, config, model, teacher, loading, new Parallelism(threads), tell, cancellation);
        var trainer = new Trainer(task, config, new Parallelism(threads), engine);
        if (resume) Checkpoint.Load(paths.Checkpoint, trainer, model.Parameters);
        else
        {
            trainer.Initialize(paths.From == null ? null : () => CopyWeights(paths.From, model));
            if (task is DistillationTask { Beginning: { } beginning }) tell?.Invoke(beginning);
            // From now on a kill at any moment can be resumed.
            Checkpoint.Save(paths.Checkpoint, trainer, model.Parameters, run);
        }
        // The line of step 0 is measured again before the first step.
        TrainingLog.Trim(paths.Log, trainer.Step == 0 ? -1 : trainer.Step);
        bool isInexact = false;
        void Report(TrainingReport r)
        {
            TrainingLog.Append(paths.Log, r);
            report?.Invoke(r);
            if (isInexact || trainer.RebuildError <= ExactlyRebuilt) return;
            isInexact = true;
            tell?.Invoke("warning: " + Inexact((CompactVocoder)model, trainer));
        }
        if (trainer.Step == 0 || !trainer.Health.IsKnown)
        {
            TrainingReport first = trainer.Start();
            // How far the student is from its teacher before it learns.
            if (teacher != null && trainer.Step == 0) Report(first);
        }
        try
        {
            trainer.Run(Report, () =>
            {
                // The voice first: a kill between the two is mended by the steps that are done again.
                if (trainer.IsVoice || !File.Exists(paths.Output)) trainer.WithVoice(() => WriteVoice(paths, config, model, trainer.Step, amount, speakers));
                Checkpoint.Save(paths.Checkpoint, trainer, model.Parameters, run);
            }, cancellation);
        }
        catch (VocoderException e) when (trainer.HasDiverged)
        {
            string kept = trainer.Health.BestStep == 0 ? "no voice was written"
                : FormattableString.Invariant($"the voice stays that of step {trainer.Health.BestStep}");
            throw new VocoderException(FormattableString.Invariant(
                $"{paths.Output}: step {trainer.Step}: {e.Message}; {kept}, and {paths.Checkpoint} the last sound state, to go on from with --resume"), e);
        }
        if (trainer.Step >= config.Steps && trainer.Health.BestStep != trainer.Step)
            tell?.Invoke(FormattableString.Invariant(
                $"the voice stays that of step {trainer.Health.BestStep}, the best on the held-out clips by its {trainer.Health.Measure}"));
    }

    // The data as the model learns from it, with words that tell how much it is and who speaks.
    private static (ITrainingTask Task, string Amount, string Speakers) Task(TrainingPaths paths, TrainingConfig config, ITrainedModel model,
        VocoderModel? teacher, Action<int, int>? loading, Parallelism parallelism, Action<string>? tell, CancellationToken cancellation)
    {
        MelRecipe recipe = model.Recipe;
        static string Amount(int recordings, double hours) => string.Create(CultureInfo.InvariantCulture, $"{recordings} recordings, {hours:0.00} h");
        void Warn(IEnumerable<string> warnings)
        {
            foreach (string warning in warnings) tell?.Invoke("warning: " + warning);
        }
        if (model is Flowtron flowtron)
        {
            TextDataset texts = TextDataset.Load(paths.Data, paths.Texts, recipe, config.Text, loading, cancellation, parallelism);
            Warn(texts.Warnings);
            double seconds = texts.Train.Sum(clip => (double)clip.Frames) * recipe.HopSize / recipe.SampleRate;
            string amount = Amount(texts.Train.Count, seconds / 3600);
            return (new FlowtronTask(flowtron, texts, config), amount, string.Join(", ", texts.Speakers));
        }
        SpeechDataset data = SpeechDataset.Load(paths.Data, recipe, model is CompactVocoder { UsesPhase: true }, config.CropFrames, loading, cancellation,
            parallelism);
        Warn(data.Warnings);
        ITrainingTask task = model switch
        {
            ILikelihoodModel => new LikelihoodTask((VocoderModel)model, data, config),
            ClariNet student => new ClariNetTask(student, (ClariNetTeacher)teacher!, data, config),
            CompactVocoder student when teacher is CompactVocoder compact => new DistillationTask(student, compact, data, config),
            CompactVocoder continuous when config.IsMatching => new MatchingTask(continuous, data, config),
            _ => new CompactTask((CompactVocoder)model, data, config),
        };
        return (task, Amount(data.Train.Count, data.Train.Sum(c => (double)c.Audio.Length) / recipe.SampleRate / 3600), "");
    }

    // What undoes a step in single precision loses some rounding; beyond this the gradients are worth less than those of stored activations.
    private const double ExactlyRebuilt = 1e-4;

    private static string Inexact(CompactVocoder model, Trainer trainer)
    {
        var (name, condition) = model.Stack.WorstConditioned(new CpuOps());
        return FormattableString.Invariant($"by step {trainer.Step} activations were rebuilt to within {trainer.RebuildError:0e-0} only, expected {ExactlyRebuilt:0e-0}, and gradients are as far off; of the 1x1 convolutions {name} multiplies rounding most, {condition:0} times; reversible=false stores them");
    }

    // A voice that is there already, that of a teacher say, is nobody's to overwrite.
    private static void RequireNew(TrainingPaths paths)
    {
        if (File.Exists(paths.Checkpoint))
            throw new VocoderException($"{paths.Checkpoint}: a run has been started here; continue it with --resume, or choose another --out");
        if (File.Exists(paths.Output))
            throw new VocoderException($"{paths.Output}: the file exists, expected none where a run begins; choose another --out");
    }

    // Goes on with what may change (steps, rates, weights of losses) and not with what makes it another run.
    private static void RequireSame(SavedRun saved, SavedRun wanted, string checkpoint)
    {
        string? found = saved.Config.Model.ToJson() != wanted.Config.Model.ToJson() || saved.Config.Family != wanted.Config.Family ? "with another model"
            : saved.Config.Recipe != wanted.Config.Recipe ? $"with the recipe {saved.Config.Recipe}"
            : saved.Teacher == wanted.Teacher ? null
            : saved.Teacher.Length == 0 ? "without a teacher" : wanted.Teacher.Length == 0 ? "with a teacher, by distill" : "with another teacher";
        if (found != null) throw new VocoderException($"{checkpoint}: its run was started {found}, expected the same to go on with");
        if (wanted.Config.Steps < saved.Step)
            throw new VocoderException(FormattableString.Invariant(
                $"{checkpoint}: {saved.Step} steps are done, expected steps to be no fewer, found {wanted.Config.Steps}"));
    }

    private static void RequireNoTeacher(ITrainedModel model)
    {
        if (model is CompactVocoder compact) CompactTask.Check(compact);
        if (model is ClariNet)
            throw new VocoderException("the configuration is that of a ClariNet's student, which learns from a teacher alone, see vocoder distill; "
                + "expected clari_net_teacher to train");
    }

    private static VocoderModel Teacher(string voice, ITrainedModel model, TrainingConfig config)
    {
        if (model is not (CompactVocoder or ClariNet))
            throw new VocoderException(
                $"the configuration is that of a model of kind '{model.Kind}', expected '{CompactVocoder.KindName}' or '{ClariNet.KindName}' as a student");
        LoadedVoice loaded = VoiceLibrary.Load(voice);
        if (model is ClariNet clariNet && loaded.Model is ClariNetTeacher published) ClariNetTask.Check(clariNet, published, config);
        else if (model is CompactVocoder student && loaded.Model is CompactVocoder compact) DistillationTask.Check(student, compact, config);
        else
        {
            string expected = model is ClariNet ? ClariNetTeacher.KindName : CompactVocoder.KindName;
            throw new VocoderException(
                $"{loaded.Source}: holds a model of kind '{loaded.Model.Kind}', expected '{expected}' as the teacher of a student of kind '{model.Kind}'");
        }
        return loaded.Model;
    }

    private static void CopyWeights(string voice, ITrainedModel model)
    {
        // A Flowtron is no voice and has no name.
        ITrainedModel loaded = model is Flowtron ? FlowtronCheckpoint.Read(voice) : VoiceLibrary.Load(voice).Model;
        bool isSameRecipe = model.Recipe.Mismatch(loaded.Recipe) == null;
        if (isSameRecipe && loaded.ConfigJson == model.ConfigJson) model.Parameters.CopyFrom(loaded.Parameters);
        else if (isSameRecipe && (model, loaded) is (CompactVocoder large, CompactVocoder small) && Growth.Fits(large.Config, small.Config))
            Growth.Take(large, small);
        else
            throw new VocoderException($"{voice}: its model or recipe is not that of the configuration, expected the same to start from it, "
                + "or one that differs in fewer channels of its encoders and coarser harmonic bands");
    }

    private static void WriteVoice(TrainingPaths paths, TrainingConfig config, ITrainedModel model, long step, string amount, string speakers)
    {
        var metadata = new Dictionary<string, string> { ["training"] = config.ToJson(), ["command"] = paths.Command };
        if (speakers.Length > 0) metadata["speakers"] = speakers;
        VoiceFile voice = VoiceFile.Of(model, paths.Name, paths.Licence, $"{amount}; {paths.Command}", step, metadata);
        AtomicFile.Write(paths.Output, stream => voice.Write(stream));
    }
}
