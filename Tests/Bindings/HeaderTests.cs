using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using FlowVocoder.Native;

namespace FlowVocoder.Tests.Bindings;

/// <summary>What flowvocoder.h declares is what the library exports. That it works is tested from C, by Bindings/C/test.sh.</summary>
public sealed partial class HeaderTests
{
    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "bindings", "C", file)).ReplaceLineEndings("\n");

    [GeneratedRegex(@"^FV_API .*?\b(fv_\w+)\((.*?)\);", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Function();

    [GeneratedRegex(@"(FV_(?:OK|ERROR_\w+)) = (-?\d+)")]
    private static partial Regex StatusCode();

    [GeneratedRegex(@"^    (\w+) (\w+);.*$", RegexOptions.Multiline)]
    private static partial Regex Field();

    [Fact]
    public void Every_function_is_exported_with_as_many_arguments()
    {
        var declared = Function().Matches(Read("flowvocoder.h"))
            .ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value == "void" ? 0 : m.Groups[2].Value.Split(',').Length);
        var exported = typeof(StreamExports).Assembly.GetTypes().SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public))
            .Select(m => (Method: m, Export: m.GetCustomAttribute<UnmanagedCallersOnlyAttribute>()))
            .Where(m => m.Export != null).ToDictionary(m => m.Export!.EntryPoint!, m => m.Method.GetParameters().Length);
        Assert.Equal(27, declared.Count);
        Assert.Equal(declared.OrderBy(f => f.Key, StringComparer.Ordinal), exported.OrderBy(f => f.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Status_codes_have_their_values()
    {
        var codes = StatusCode().Matches(Read("flowvocoder.h"))
            .ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        Assert.Equal(new Dictionary<string, int>
        {
            ["FV_OK"] = Status.Ok, ["FV_ERROR_ARGUMENT"] = Status.Argument, ["FV_ERROR_INPUT"] = Status.Input, ["FV_ERROR_ORDER"] = Status.Order,
            ["FV_ERROR_MEMORY"] = Status.Memory, ["FV_ERROR_INTERNAL"] = Status.Internal,
        }, codes);
    }

    [Fact]
    public void Options_lie_as_declared()
    {
        string header = Read("flowvocoder.h");
        string declaration = header[header.IndexOf("typedef struct fv_options", StringComparison.Ordinal)..header.IndexOf("} fv_options",
            StringComparison.Ordinal)];
        var types = new Dictionary<Type, string>
        {
            [typeof(uint)] = "uint32_t", [typeof(float)] = "float", [typeof(int)] = "int32_t", [typeof(ulong)] = "uint64_t",
        };
        Assert.Equal(Field().Matches(declaration).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value.Replace("_", "", StringComparison.Ordinal)}"),
            typeof(NativeOptions).GetFields(BindingFlags.Instance | BindingFlags.Public).Select(f => $"{types[f.FieldType]} {f.Name.ToLowerInvariant()}"));
        Assert.Equal(32, Marshal.SizeOf<NativeOptions>());
    }

    [Fact]
    public void The_readme_shows_the_example_that_is_tested() =>
        Assert.Contains($"```c\n{Read("example.c")}```", Read("README.md"), StringComparison.Ordinal);
}
