using System.Globalization;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class AnomalyVerbTests : IClassFixture<CliFixture>
{
    private readonly CliFixture _fixture;
    private readonly string _normal;

    public AnomalyVerbTests(CliFixture fixture)
    {
        _fixture = fixture;
        _normal = fixture.Folder["normal"];
        if (Directory.Exists(_normal)) return;
        Directory.CreateDirectory(_normal);
        for (int i = 0; i < 6; i++) WavFile.Write(Path.Combine(_normal, $"{i}.wav"), CliFixture.Speech(2.5, 110 + 10 * i, 10 + i), CliFixture.Rate);
    }

    private string Clip(string name, Action<float[]>? spoil = null)
    {
        float[] audio = CliFixture.Speech(2, 135, seed: 3);
        spoil?.Invoke(audio);
        WavFile.Write(_fixture.Folder[name], audio, CliFixture.Rate);
        return _fixture.Folder[name];
    }

    private CliResult Run(params string[] arguments) => CliFixture.Run(["anomaly", "--voice", _fixture.Voice, .. arguments]);

    [Fact]
    public void A_click_is_found_where_it_is_and_drawn()
    {
        string clip = Clip("click.wav", audio =>
        {
            for (int t = 0; t < 4; t++) audio[22050 + t] += t % 2 == 0 ? 0.9f : -0.9f;
        });
        CliResult result = Run("--fit", _normal, clip, "--plot", _fixture.Folder["click.png"]).Succeeds();
        string[] strongest = result.Output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(cells => cells is [_, _, "frames", _])
            .MaxBy(cells => Math.Abs(Number(cells[3])))!;
        Assert.InRange(1.0, Number(strongest[0]) - 0.012, Number(strongest[1]) + 0.012);
        Assert.InRange(Number(strongest[3]), 5, 1000);
        Assert.Contains("of 6 recordings; 1 % of them lie beyond |z|", result.Output, StringComparison.Ordinal);
        Assert.InRange(new FileInfo(_fixture.Folder["click.png"]).Length, 10_000, 1_000_000);

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void What_cannot_be_judged_is_told_in_a_line()
    {
        string clip = Clip("clip.wav"), silent = Clip("silent.wav", audio => audio.AsSpan().Clear()), quiet = _fixture.Folder["quiet"];
        Run("--fit", _normal, silent).Fails(1, "silent.wav' is silent", "expected speech");
        Run("--fit", _normal, clip, "--false-alarms", "0.01").Fails(1, "too few for 0.01 % of false alarms");
        Run("--fit", _normal, clip, "--false-alarms", "0").Fails(2, "--false-alarms is '0', expected 0.01 to 50");
        Run("--fit", _fixture.Folder["nowhere"], clip).Fails(1, "no such folder");
        Run("--fit", _normal, clip, "--plot", "picture.gif").Fails(2, "expected a .png or .svg file");
        Directory.CreateDirectory(quiet);
        File.Copy(silent, Path.Combine(quiet, "silent.wav"), overwrite: true);
        CliResult none = Run("--fit", quiet, clip);
        Assert.Equal(1, none.Code);
        Assert.Contains("left out: ", none.Error, StringComparison.Ordinal);
        Assert.Contains("none of 1 recordings holds normal speech", none.Error, StringComparison.Ordinal);
    }
}
