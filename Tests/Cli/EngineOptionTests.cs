using System.CommandLine;
using FlowVocoder.Cli;

namespace FlowVocoder.Tests.Cli;

/// <summary>What a program says that was built with the managed engine alone.</summary>
public sealed class EngineOptionTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    [Theory]
    [InlineData("synth NPY OUT")]
    [InlineData("play NPY --player null")]
    [InlineData("score WAV")]
    [InlineData("encode WAV LATENTS")]
    [InlineData("decode LATENTS OUT")]
    [InlineData("morph WAV WAV OUT")]
    [InlineData("anomaly --fit FOLDER WAV")]
    [InlineData("train --data FOLDER --out VOICE")]
    [InlineData("distill --teacher compact --data FOLDER --out VOICE")]
    [InlineData("evaluate --data FOLDER")]
    public void An_engine_that_the_program_does_not_bring_is_an_error_that_says_how_to_get_it(string line)
    {
        string[] arguments = [.. line.Split(' ').Select(word => word switch
        {
            "NPY" => fixture.Npy, "WAV" => fixture.Wav, "FOLDER" => fixture.Folder.Root, "OUT" => fixture.Folder["engine.wav"],
            "LATENTS" => fixture.Folder["engine.npz"], "VOICE" => fixture.Folder["engine.safetensors"], _ => word,
        })];
        CliFixture.Run([.. arguments, "--engine", "torch"]).Fails(1, "built without the engine torch, expected a build with -p:Torch=cpu");
        CliFixture.Run([.. arguments, "--engine", "quantum"]).Fails(1, "found the engine 'quantum', expected managed");
        string[] written = ["engine.wav", "engine.npz", "engine.safetensors"];
        Assert.DoesNotContain(written, name => File.Exists(fixture.Folder[name]));
    }

    [Fact]
    public void The_managed_engine_has_no_other_device_and_no_other_precision()
    {
        CliFixture.Run("score", fixture.Wav, "--device", "cuda").Fails(2, "found --device cuda for the managed engine");
        CliFixture.Run("score", fixture.Wav, "--precision", "bfloat16")
            .Fails(2, "found --precision bfloat16 for the managed engine, expected float32, or --engine torch");
        CliFixture.Run("score", fixture.Wav, "--precision", "float16").Fails(2, "--precision is 'float16', expected one of float32, bfloat16, tf32");
    }

    [Fact]
    public void No_verb_has_two_options_of_one_name() =>
        Assert.All(VocoderCommand.NewRoot().Subcommands, verb => Assert.Equal(verb.Options.Count,
            verb.Options.Select(option => option.Name).Distinct().Count()));

    [Fact]
    public void A_voice_is_described_with_the_engines_that_would_compute_it()
    {
        string output = CliFixture.Run("info", "student").Succeeds().Output;
        Assert.Contains("managed, used", output, StringComparison.Ordinal);
        Assert.Contains("torch: not in this build; -p:Torch=cpu", output, StringComparison.Ordinal);
    }
}
