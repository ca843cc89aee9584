using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>
/// The constructor's arguments of the published WaveGlow (Prenger et al. 2018; NVIDIA's glow.py), under their published names in JSON.
/// </summary>
/// <param name="MelChannels">Bands of the mel, n_mel_channels.</param>
/// <param name="Flows">Steps of invertible convolution and coupling, n_flows.</param>
/// <param name="Group">Samples that make one vector of the flow, n_group; even.</param>
/// <param name="EarlyEvery">Before every so many flows some channels leave, n_early_every.</param>
/// <param name="EarlySize">How many channels leave, n_early_size; 0 keeps all to the end.</param>
/// <param name="WaveNet">Conditioner of each coupling, WN_config.</param>
/// <param name="UpsampleKernel">Taps of the transposed convolution that brings the mel to audio rate, upsample_kernel_size; published: 1024.</param>
/// <param name="UpsampleStride">Samples of a mel frame, upsample_stride; published: 256.</param>
public sealed record WaveGlowConfig(
    [property: JsonPropertyName("n_mel_channels")] int MelChannels,
    [property: JsonPropertyName("n_flows")] int Flows,
    [property: JsonPropertyName("n_group")] int Group,
    [property: JsonPropertyName("n_early_every")] int EarlyEvery,
    [property: JsonPropertyName("n_early_size")] int EarlySize,
    [property: JsonPropertyName("WN_config")] WaveGlowWaveNetConfig WaveNet,
    [property: JsonPropertyName("upsample_kernel_size")] int UpsampleKernel = WaveGlowConfig.PublishedKernel,
    [property: JsonPropertyName("upsample_stride")] int UpsampleStride = WaveGlowConfig.PublishedStride)
{
    private const int PublishedKernel = 1024, PublishedStride = 256;

    // Larger layers would not fit the 2^31 elements of a tensor, or a machine.
    private const long LargestWeight = 1 << 28;

    /// <summary>
    /// Reads the arguments from a JSON object, or from the member waveglow_config of the published training configuration.
    /// Other members, such as a seed, are ignored.
    /// </summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Its file, named in errors.</param>
    /// <exception cref="VocoderException">The text is not such an object, or <see cref="Validate"/> refuses it.</exception>
    public static WaveGlowConfig FromJson(string json, string source)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(json);
            if (node is JsonObject root && root["waveglow_config"] is { } nested) node = nested;
            WaveGlowConfig config = node.Deserialize(WaveGlowJsonContext.Default.WaveGlowConfig) ?? throw new JsonException("found null, expected an object");
            config.Validate(source);
            return config;
        }
        catch (Exception e) when (JsonFault.Is(e))
        {
            throw new VocoderException($"{source}: not a WaveGlow configuration: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>The arguments as JSON; the upsampling's only where they differ from the published ones, which have no such argument.</summary>
    public string ToJson()
    {
        JsonObject root = JsonSerializer.SerializeToNode(this, WaveGlowJsonContext.Default.WaveGlowConfig)!.AsObject();
        if (UpsampleKernel == PublishedKernel) root.Remove("upsample_kernel_size");
        if (UpsampleStride == PublishedStride) root.Remove("upsample_stride");
        return root.ToJsonString(WaveGlowJsonContext.Default.Options);
    }

    /// <summary>Checks that the layers fit together, as the published constructor does or should.</summary>
    /// <param name="source">Where the configuration comes from; starts the message.</param>
    /// <exception cref="VocoderException">A value is out of range, or a flow would be left with an odd number of channels or none.</exception>
    public void Validate(string source = "configuration")
    {
        Require(source, MelChannels is >= 1 and <= 1024, "n_mel_channels", MelChannels, "1 to 1024");
        Require(source, Flows is >= 1 and <= 256, "n_flows", Flows, "1 to 256");
        Require(source, Group is >= 2 and <= 256 && Group % 2 == 0, "n_group", Group, "an even number from 2 to 256");
        Require(source, EarlyEvery >= 1, "n_early_every", EarlyEvery, "at least 1");
        Require(source, EarlySize >= 0, "n_early_size", EarlySize, "at least 0");
        Require(source, WaveNet.Layers is >= 1 and <= 20, "n_layers", WaveNet.Layers, "1 to 20, as layer i has dilation 2^i");
        Require(source, WaveNet.Channels is >= 2 and <= 4096 && WaveNet.Channels % 2 == 0, "n_channels", WaveNet.Channels, "an even number from 2 to 4096");
        Require(source, WaveNet.Kernel is >= 1 and <= 255 && WaveNet.Kernel % 2 == 1, "kernel_size", WaveNet.Kernel,
            "an odd number from 1 to 255, which can be centred");
        Require(source, UpsampleStride >= 1, "upsample_stride", UpsampleStride, "at least 1");
        Require(source, UpsampleKernel >= UpsampleStride, "upsample_kernel_size", UpsampleKernel, $"at least the stride, {UpsampleStride}");
        for (int k = 0, channels = Group; k < Flows; k++)
        {
            if (k > 0 && k % EarlyEvery == 0) channels -= EarlySize;
            if (channels < 2 || channels % 2 != 0)
                throw new VocoderException($"{source}: flow {k} would have {channels} channels, expected an even number of at least 2 (n_group {Group}, "
                    + $"n_early_size {EarlySize} leave every {EarlyEvery} flows)");
        }
        RequireSize(source, "upsample", MelChannels, MelChannels, UpsampleKernel + (long)UpsampleStride);
        RequireSize(source, "cond_layer", MelChannels * (long)Group, 2L * WaveNet.Channels, WaveNet.Layers);
        RequireSize(source, "in_layers", WaveNet.Channels, 2L * WaveNet.Channels, WaveNet.Kernel);
        RequireSize(source, "convinv", Group, Group, 1);
    }

    private static void Require(string source, bool condition, string name, int found, string expected)
    {
        if (!condition) throw new VocoderException($"{source}: {name} is {found}, expected {expected}");
    }

    private static void RequireSize(string source, string layer, Int128 a, Int128 b, Int128 c)
    {
        if (a * b * c > LargestWeight)
            throw new VocoderException($"{source}: the weight of {layer} would have {a * b * c} elements, expected at most {LargestWeight}");
    }
}

/// <summary>Size of the WaveNets of a WaveGlow, WN_config; layer i has dilation 2^i.</summary>
/// <param name="Layers">Gated layers, n_layers.</param>
/// <param name="Channels">Residual and skip channels, n_channels; even.</param>
/// <param name="Kernel">Taps of the dilated convolutions, kernel_size; odd.</param>
public sealed record WaveGlowWaveNetConfig(
    [property: JsonPropertyName("n_layers")] int Layers,
    [property: JsonPropertyName("n_channels")] int Channels,
    [property: JsonPropertyName("kernel_size")] int Kernel);
