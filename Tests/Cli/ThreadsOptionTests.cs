using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Cli;

/// <summary>Tests that watch what the other threads of the process do: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WatchedThreads
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "watched threads";
}

/// <summary>One thread is one thread. Whoever works takes memory: with one thread all of it is taken by the thread that asked.</summary>
[Collection(WatchedThreads.Name)]
public sealed class ThreadsOptionTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    // What the runtime itself may take meanwhile; the work of one clip takes megabytes.
    private const long Few = 64 << 10;

    [Fact]
    public void A_mel_is_computed_by_the_thread_that_asks()
    {
        // Long windows, of which each thread takes its own; of another length each time, as none lies ready in a pool.
        var spectrogram = new MelSpectrogram(MelRecipe.ByName("nvidia") with { FftSize = 1 << 16, WindowSize = 1 << 16 });
        float[] audio = CliFixture.Speech(4, 120, seed: 3);
        Assert.InRange(TakenByOthers(() => spectrogram.Compute(audio, new Parallelism(1))), 0, Few);
    }

    [Fact]
    public void Recordings_are_read_by_the_thread_that_asks()
    {
        using TempFolder corpus = Corpus();
        Assert.InRange(TakenByOthers(() => SpeechDataset.Load(corpus.Root, MelRecipe.ByName("hifigan"), pitch: true, parallelism: new Parallelism(1))), 0, Few);
    }

    [Theory, InlineData("score"), InlineData("evaluate")]
    public void A_command_keeps_to_its_threads(string verb)
    {
        using TempFolder corpus = Corpus();
        string[] command = verb == "score" ? ["score", corpus["0.wav"], "--voice", fixture.Voice, "--threads", "1"]
            : ["evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--baseline", "griffin-lim", "--baseline", "noise-lp", "--threads", "1"];
        using StringWriter output = new(), error = new();
        ParseResult parsed = VocoderCommand.NewRoot().Parse(command);
        Assert.Empty(parsed.Errors);
        var terminal = new Terminal(output, error, Interactive: false, CancellationToken.None);
        Assert.InRange(TakenByOthers(() => ((Verb)parsed.CommandResult.Command).Run(parsed, terminal)), 0, Few);
        Assert.Contains("nats per sample", output.ToString(), StringComparison.Ordinal);
    }

    private static TempFolder Corpus()
    {
        var folder = new TempFolder();
        for (int i = 0; i < 8; i++) WavFile.Write(folder[$"{i}.wav"], CliFixture.Speech(0.6, 110 + 10 * i, i), CliFixture.Rate);
        return folder;
    }

    private static long TakenByOthers(Action work)
    {
        long all = GC.GetTotalAllocatedBytes(precise: true), own = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetTotalAllocatedBytes(precise: true) - all - (GC.GetAllocatedBytesForCurrentThread() - own);
    }
}
