using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

/// <summary>One voice, spoken in few steps or many.</summary>
public sealed class SolverOptionTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string Voice(string name)
    {
        var model = new CompactVocoder(CliFixture.TinyConfig with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0 },
            MelRecipe.ByName("hifigan"), seed: 7);
        foreach (var p in model.Parameters.Items.Where(p => p.Name == "WN.0.end.bias")) p.Value.Span.Fill(0.5f);
        AtomicFile.Write(fixture.Folder[name], stream => VoiceFile.Of(model, "tiny", "CC0", "a test", 1, new Dictionary<string, string>()).Write(stream));
        return fixture.Folder[name];
    }

    [Fact]
    public void A_voice_is_solved_as_it_is_told()
    {
        string voice = Voice("ode.safetensors");
        float[] Speak(params string[] more)
        {
            CliFixture.Run(["synth", fixture.Npy, fixture.Folder["ode.wav"], "--voice", voice, "--match", "0", .. more]).Succeeds();
            return Recording.Read(fixture.Folder["ode.wav"], CliFixture.Rate).Samples;
        }
        Assert.Equal(Speak(), Speak("--solver", "euler:2"));
        Assert.NotEqual(Speak(), Speak("--solver", "rk4:4"));
        // The number of the line "cost 0.012 GMAC per second of audio".
        double Cost(string solver) => double.Parse(CliFixture.Run("info", voice, "--solver", solver).Succeeds().Output.Split('\n')
            .Single(line => line.StartsWith("cost", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
        // What is not the field is there once: each further evaluation costs as much again.
        Assert.Equal(Cost("euler:40") - Cost("euler:20"), Cost("rk4:15") - Cost("midpoint:20"), 0.0021);
        Assert.True(Cost("euler:40") > Cost("euler:20") + 0.01);
    }

    [Fact]
    public void What_cannot_be_solved_is_refused()
    {
        string voice = Voice("ode2.safetensors");
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["x.wav"], "--voice", voice, "--solver", "euler")
            .Fails(2, "--solver is 'euler', expected METHOD:STEPS");
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["x.wav"], "--voice", voice, "--solver", "heun:2").Fails(1, "there is no solver 'heun'");
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["x.wav"], "--voice", voice, "--solver", "euler:0").Fails(1, "the number of solver steps is 0");
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["x.wav"], "--voice", "student", "--solver", "euler:2")
            .Fails(1, "whose flow is iaf, expected continuous");
        Assert.False(File.Exists(fixture.Folder["x.wav"]));
    }
}
