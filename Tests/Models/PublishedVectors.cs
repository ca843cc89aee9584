using System.Text.Json;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

/// <summary>Inputs and results of a small model that were computed with its published implementation: a folder of the fixtures.</summary>
internal sealed class PublishedVectors(string folder, ITestOutputHelper? output = null)
{
    private const double Tolerance = 1e-4;

    public string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures", folder);

    public JsonElement Config => Json("config.json");

    public JsonElement Expected => Json("expected.json");

    public JsonElement Json(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name))).RootElement;

    public IReadOnlyDictionary<string, SafeTensor> Weights(string name = "state_dict") =>
        SafeTensorsFile.Read(Path.Combine(Folder, name + ".safetensors")).Tensors;

    public float[] Array(string name) => Npy.Read(Path.Combine(Folder, name + ".npy")).Data;

    /// <summary>An array whose axes are, as a tensor, those given, or [batch, channels, time], or [batch, 1, time].</summary>
    public Tensor Tensor(string name, params int[] shape)
    {
        NpyArray array = Npy.Read(Path.Combine(Folder, name + ".npy"));
        if (shape.Length == 0) shape = array.Shape.Length == 2 ? [array.Shape[0], 1, array.Shape[1]] : array.Shape;
        return FlowVocoder.Compute.Tensor.From(array.Data, shape[0], shape[1], shape[2]);
    }

    /// <summary>Loads weights and checks that all of them were asked for.</summary>
    public void Load(ParameterSet parameters, string name = "state_dict", Func<string, bool>? ignored = null)
    {
        IReadOnlyDictionary<string, SafeTensor> weights = Weights(name);
        parameters.Load(name, key => weights.TryGetValue(key, out SafeTensor? tensor) ? (tensor.Shape, tensor.Data) : null);
        Assert.Equal(weights.Keys.Where(key => ignored?.Invoke(key) != true).Order(), parameters.Items.Select(p => p.Name).Order());
    }

    /// <summary>Relative L2 error of at most 1e-4, or <paramref name="tolerance"/>.</summary>
    public void Check(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> found, double tolerance = Tolerance)
    {
        var (max, relative) = WaveGlowReference.Error(expected, found);
        output?.WriteLine($"{name}: max abs {max:g3}, relative L2 {relative:g3}");
        Assert.True(relative <= tolerance, $"{name}: relative L2 error {relative:g3} (max abs {max:g3}), expected at most {tolerance}");
    }

    /// <summary>The same with an array of the folder.</summary>
    public void Check(string name, Tensor found) => Check(name, Array(name), found.Span);

    /// <summary>The same with a number of expected.json.</summary>
    public void Check(string name, double expected, double found) => Check(name, [(float)expected], [(float)found]);

    /// <summary>
    /// The gradients of all parameters. Those that are 0 up to rounding, as the direction of a row with one element has them, may be anything as small beside
    /// the largest.
    /// </summary>
    public void CheckGradients(ParameterSet parameters, string name = "gradients", Func<string, bool>? ignored = null)
    {
        IReadOnlyDictionary<string, SafeTensor> expected = Weights(name);
        Assert.Equal(expected.Keys.Where(key => ignored?.Invoke(key) != true).Order(), parameters.Items.Where(p => p.Trained).Select(p => p.Name).Order());
        double largest = expected.Values.Max(tensor => tensor.Data.Max(Math.Abs));
        foreach (Parameter p in parameters.Items.Where(p => p.Trained))
        {
            float[] wanted = expected[p.Name].Data, found = p.Value.Grad?.Span.ToArray() ?? new float[p.Value.Size];
            if (wanted.Max(Math.Abs) <= 1e-6 * largest) Assert.InRange(found.Max(Math.Abs), 0, 1e-6 * largest);
            else Check(p.Name, wanted, found);
        }
    }
}
