using System.Text.RegularExpressions;
using FlowVocoder.Cli;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Tests.Cli;

public sealed class UsageTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    public static TheoryData<string> Verbs => [.. VocoderCommand.NewRoot().Subcommands.Select(c => c.Name)];

    [Theory]
    [InlineData("synth"), InlineData("synth a.npy"), InlineData("speak"), InlineData("synth a.npy o.wav --loud"), InlineData("mel a.wav --quiet"),
        InlineData("info --all")]
    [InlineData("mel a.wav a.npy --recipe unheard-of"), InlineData("plot a.npy a.png --recipe unheard-of")]
    [InlineData("synth a.npy o.wav --sigma 0,8"), InlineData("synth a.npy o.wav --threads -1"), InlineData("synth a.npy o.wav --seed -1")]
    [InlineData("synth a.npy b.npy o.wav"), InlineData("synth a.npy b.npy")]
    [InlineData("mel a.wav"), InlineData("mel a.wav a.npy --recipe nvidia --voice x"), InlineData("score"), InlineData("score a b c"),
        InlineData("score a.wav --exact")]
    [InlineData("train --data d"), InlineData("train --data d --out v.safetensors --set steps"),
        InlineData("train --data d --out v.safetensors --set nothing=1")]
    [InlineData("train --data d --out v.safetensors --set model=1"), InlineData("train --data d --out v.safetensors --steps many")]
    [InlineData("plot a.wav a.jpg"), InlineData("plot a.wav b.jsonl c.png"), InlineData("info"), InlineData("evaluate"),
        InlineData("evaluate --data d --baseline hifigan")]
    public void Wrong_usage_is_one_line_and_exit_code_2(string line) => CliFixture.Run(line.Split(' ')).Fails(2);

    [Theory]
    [InlineData("--sigma", "11", "sigma is 11, expected 0 to 10")]
    [InlineData("--sigma", "NaN", "sigma is NaN")]
    [InlineData("--pitch", "-25", "-25 semitones, expected -24 to 24")]
    public void Numbers_out_of_range_are_wrong_usage(string option, string value, string expected)
    {
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["range.wav"], "--voice", fixture.Voice, option, value).Fails(2, expected);
        Assert.False(File.Exists(fixture.Folder["range.wav"]));
    }

    [Theory]
    [InlineData("evaluate --data d --baseline noise-lp --baseline hifigan",
        "vocoder: --baseline is 'hifigan', expected one of noise-lp, griffin-lim, recording; see 'vocoder evaluate --help'\n")]
    [InlineData("demo two-moons a.png --flow x", "vocoder: --flow is 'x', expected one of FLOWS; see 'vocoder demo --help'\n")]
    [InlineData("demo spiral a.png", "vocoder: DENSITY is 'spiral', expected two-moons; see 'vocoder demo --help'\n")]
    public void A_word_that_is_not_known_is_told_with_those_that_are(string line, string expected) =>
        Assert.Equal(expected.Replace("FLOWS", string.Join(", ", PlaneFlow.All.Select(flow => flow.Name)), StringComparison.Ordinal),
            CliFixture.Run(line.Split(' ')).Error);

    [Theory, MemberData(nameof(Verbs))]
    public void A_verb_alone_is_the_one_that_was_asked_for(string name) => Assert.Equal(name, Assert.Single(VocoderCommand.NewRoot(name).Subcommands).Name);

    [Theory, MemberData(nameof(Verbs))]
    public void No_option_has_two_meanings(string name)
    {
        string[] names = [.. VocoderCommand.NewRoot(name).Subcommands[0].Options.SelectMany(option => option.Aliases.Prepend(option.Name))];
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void Without_arguments_the_help_is_shown_as_wrong_usage()
    {
        CliResult result = CliFixture.Run();
        Assert.Equal(2, result.Code);
        foreach (string verb in Verbs) Assert.Contains("\n  " + verb, result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Help_describes_every_argument_and_shows_examples(string name)
    {
        var verb = (Verb)VocoderCommand.NewRoot().Subcommands.Single(c => c.Name == name);
        CliResult result = CliFixture.Run(name, "--help").Succeeds();
        Assert.Contains(verb.Description!, result.Output, StringComparison.Ordinal);
        Assert.NotEmpty(verb.Examples);
        foreach (string example in verb.Examples) Assert.Contains(example, result.Output, StringComparison.Ordinal);
        Assert.All(verb.Options, o => Assert.False(string.IsNullOrEmpty(o.Description), o.Name));
        Assert.All(verb.Arguments, a => Assert.False(string.IsNullOrEmpty(a.Description), a.Name));
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Examples_are_commands_that_parse(string name)
    {
        var root = VocoderCommand.NewRoot();
        var verb = (Verb)root.Subcommands.Single(c => c.Name == name);
        foreach (string example in verb.Examples)
        {
            // Beside ours there may be other programs in a pipe.
            string[] commands = [.. example.Split(" && ").SelectMany(c => c.Split(" | ")).Where(c => c.StartsWith("vocoder ", StringComparison.Ordinal))];
            Assert.NotEmpty(commands);
            foreach (string command in commands)
                Assert.Empty(root.Parse([.. Regex.Matches(command, "\"[^\"]*\"|[^ ]+").Skip(1).Select(word => word.Value.Trim('"'))]).Errors);
        }
    }

    [Fact]
    public void The_version_is_that_of_the_program() =>
        Assert.StartsWith(typeof(VocoderCommand).Assembly.GetName().Version!.ToString(3), CliFixture.Run("--version").Succeeds().Output,
            StringComparison.Ordinal);

    [Fact]
    public void Voices_are_listed_or_their_absence_told() => Assert.NotEqual("", CliFixture.Run("voices").Succeeds().Output);
}
