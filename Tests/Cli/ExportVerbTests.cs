using FlowVocoder.Onnx;
using FlowVocoder.Tests.AudioIO;
using Onnx;

namespace FlowVocoder.Tests.Cli;

/// <summary>The command; what its graphs compute is tested in ONNX Runtime, in Tests.Engines.</summary>
public sealed class ExportVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new string[0], new[] { "mel" }, new[] { "audio" })]
    [InlineData(new[] { "--streaming", "--noise-input" }, new[] { "mel", "noise", "state" }, new[] { "audio", "next_state" })]
    [InlineData(new[] { "--streaming", "--match", "2", "--pitch-input" }, new[] { "mel", "pitch", "after_end", "state" }, new[] { "audio", "next_state" })]
    [InlineData(new[] { "--pitch", "-3" }, new[] { "mel" }, new[] { "audio" })]
    [InlineData(new[] { "--pitch-input" }, new[] { "mel", "pitch" }, new[] { "audio" })]
    [InlineData(new[] { "--decode" }, new[] { "mel", "z", "phase", "f0" }, new[] { "audio" })]
    public void The_graph_has_the_inputs_that_were_asked_for(string[] options, string[] inputs, string[] outputs)
    {
        string output = _folder["student.onnx"];
        CliResult result = CliFixture.Run(["export", "student", output, .. options]).Succeeds();
        Assert.StartsWith($"{output}: voice student, ", result.Output, StringComparison.Ordinal);
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(output));
        Assert.Equal(inputs, model.Graph.Input.Select(input => input.Name));
        Assert.Equal(outputs, model.Graph.Output.Select(value => value.Name));
        Assert.Equal(OnnxExporter.Opset, model.OpsetImport.Single().Version);
        // Nothing that only some runtimes have.
        Assert.All(model.Graph.Node, node => Assert.Equal("", node.Domain));
    }

    [Fact]
    public void A_graph_that_scores_names_its_layers()
    {
        string output = _folder["compact.onnx"];
        CliFixture.Run("export", "compact", output, "--score", "--streaming").Succeeds();
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(output));
        Assert.Equal(["mel", "audio", "phase", "f0", "state"], model.Graph.Input.Select(input => input.Name));
        Assert.Equal(["z", "log_density", "next_state"], model.Graph.Output.Select(value => value.Name));
        string[] layers = model.MetadataProps.Single(entry => entry.Key == "layers").Value.Split(',');
        Assert.Equal(("linear prediction", "actnorm.0", "z"), (layers[0], layers[1], layers[^1]));
        Assert.Equal(layers.Length, model.Graph.Output[1].Type.TensorType.Shape.Dim[1].DimValue);
        Assert.All(model.Graph.Node, node => Assert.Equal("", node.Domain));
    }

    [Theory]
    [InlineData("export student OUT.onnx --score", 1, "voice student scores step by step")]
    [InlineData("export teacher OUT.onnx --decode", 1, "voice teacher speaks step by step")]
    [InlineData("export compact OUT.onnx --score --decode", 2, "found both --score and --decode, expected one of them")]
    [InlineData("export compact OUT.onnx --score --match 2", 1, "noise, sigma, pitch, matching and seed belong to a graph that speaks")]
    [InlineData("export teacher OUT.onnx", 1, "step by step")]
    [InlineData("export student OUT.onnx --pitch 30", 1, "the pitch shift is 30 semitones, expected -24 to 24")]
    [InlineData("export student OUT.onnx --pitch 2 --pitch-input", 1, "the pitch is an option of the graph and an input of it")]
    [InlineData("export student OUT.npy", 2, "expected a name that ends in .onnx")]
    [InlineData("export nobody OUT.onnx", 1, "nobody")]
    public void What_cannot_be_is_refused_in_one_line_and_leaves_nothing(string command, int code, string message)
    {
        CliResult result = CliFixture.Run([.. command.Split(' ').Select(word => word.StartsWith("OUT", StringComparison.Ordinal) ? _folder[word] : word)]);
        Assert.Equal(code, result.Code);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Root));
    }
}
