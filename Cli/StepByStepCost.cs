using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>
/// What a voice takes that goes step by step, told before it begins: whoever scores an hour with a student, or speaks one with a teacher, should know
/// before it is next week. A few frames tell what the others will take, whatever they hold.
/// </summary>
internal static class StepByStepCost
{
    private const int ProbeFrames = 8;

    // Frames of which the line speaks where nobody knows how many will come.
    private const double UnknownSeconds = 1;

    /// <summary>A line about scoring; none for a voice that scores in one pass.</summary>
    public static void TellScoring(LoadedVoice voice, long frames, Terminal terminal)
    {
        MelRecipe recipe = voice.Model.Recipe;
        if (voice.Model.ScoresStepByStep)
            Tell(voice, "an inverse autoregressive flow and scores", part => voice.Model.Score(Mel(recipe, part), Audio(recipe, part), new Parallelism(1)),
                frames, terminal);
    }

    /// <summary>A line about speaking; none for a voice that speaks in one pass.</summary>
    /// <param name="voice">The voice.</param>
    /// <param name="frames">Mel frames to speak; null where they come through a pipe.</param>
    /// <param name="terminal">Where it is told.</param>
    public static void TellSpeaking(LoadedVoice voice, long? frames, Terminal terminal)
    {
        MelRecipe recipe = voice.Model.Recipe;
        if (voice.Model.GeneratesStepByStep)
            Tell(voice, "an autoregressive flow and speaks", part => Synthesizer.Synthesize(voice.Model, Mel(recipe, part), voice.Options, new Parallelism(1)),
                frames ?? (long)(UnknownSeconds * recipe.SampleRate / recipe.HopSize), terminal);
    }

    /// <summary>Time of work on <paramref name="frames"/> frames, told from its beginning.</summary>
    /// <param name="work">Works on so many frames.</param>
    /// <param name="frames">All of them, at least one.</param>
    /// <param name="clock">The clock.</param>
    public static TimeSpan Estimate(Action<int> work, long frames, TimeProvider clock)
    {
        int part = (int)Math.Min(frames, ProbeFrames);
        // Once to compile and to pack the weights, once for the clock.
        work(part);
        long start = clock.GetTimestamp();
        work(part);
        return clock.GetElapsedTime(start) * ((double)frames / part);
    }

    private static void Tell(LoadedVoice voice, string what, Action<int> work, long frames, Terminal terminal)
    {
        if (frames == 0) return;
        double seconds = Estimate(work, frames, terminal.Clock).TotalSeconds;
        terminal.Warn($"vocoder: voice {voice.Name} is {what} step by step: about {seconds:0.0} s for {(double)frames * voice.Model.Recipe.HopSize / voice.Model.Recipe.SampleRate:0.0} s of speech");
    }

    private static float[] Mel(MelRecipe recipe, int frames)
    {
        var mel = new float[recipe.Bands * frames];
        Array.Fill(mel, (float)recipe.FromAmplitude(0.01));
        return mel;
    }

    // No silence: numbers that run out of bits are slow.
    private static float[] Audio(MelRecipe recipe, int frames) => [.. Enumerable.Range(0, recipe.HopSize * frames).Select(i => 0.1f * MathF.Sin(i))];
}
