using System.Text.Json;
using System.Xml.Linq;

namespace FlowVocoder.Tests.Docs;

/// <summary>What is used is told, and what is redistributed is told with its licence.</summary>
public sealed class DependenciesTests
{
    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file));

    // Packages of the command, as its dependency file has them: id/version.
    private static string[][] Redistributed()
    {
        using var file = JsonDocument.Parse(Read("vocoder.deps.json"));
        return [.. file.RootElement.GetProperty("libraries").EnumerateObject().Where(l => l.Value.GetProperty("type").GetString() == "package")
            .Select(l => l.Name.Split('/'))];
    }

    [Fact]
    public void Every_package_that_the_command_redistributes_is_in_the_notices()
    {
        string[] lines = Read("THIRD-PARTY-NOTICES.txt").ReplaceLineEndings("\n").Split('\n');
        string[] packages = [.. Redistributed().Select(p => p[0])];
        Assert.InRange(packages.Length, 10, 100);
        Assert.Empty(packages.Except(lines));
    }

    [Theory]
    [InlineData("SkiaSharp", "FreeType"), InlineData("ScottPlot", "MIT"), InlineData("dotnet", "License")]
    public void Notices_of_what_packages_hold_themselves_lie_beside_the_command(string of, string expected) =>
        Assert.Contains(expected, Read($"THIRD-PARTY-NOTICES.{of}.txt"), StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Every_package_is_in_the_documentation_with_its_version()
    {
        string text = Read("docs/dependencies.md");
        var versions = XDocument.Parse(Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => (Id: p.Attribute("Include")!.Value, Version: p.Attribute("Version")!.Value)).ToArray();
        Assert.InRange(versions.Length, 10, 100);
        // Several packages of one version may share a row.
        Assert.All(versions, p => Assert.Contains(text.Split('\n'),
            line => line.Contains(Short(p.Id), StringComparison.Ordinal) && line.Contains(p.Version, StringComparison.Ordinal)));
        Assert.All(Redistributed().Where(p => versions.Any(v => v.Id == p[0])), p => Assert.Contains($"{p[0]} {p[1]}", text, StringComparison.Ordinal));
    }

    private static string Short(string id) => id.StartsWith("Microsoft.ML.OnnxRuntime.", StringComparison.Ordinal)
        ? id["Microsoft.ML.OnnxRuntime".Length..] : id;
}
