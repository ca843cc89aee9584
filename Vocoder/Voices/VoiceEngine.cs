namespace FlowVocoder.Voices;

/// <summary>
/// What computes a voice in place of the managed code that is always there. Programs register the engines that they bring; a voice is then put onto one, and is
/// used as before.
/// </summary>
public abstract class VoiceEngine
{
    /// <summary>Name of the engine that needs no registration: C# on the processor.</summary>
    public const string Managed = "managed";

    private static readonly List<VoiceEngine> s_registered = [];

    /// <summary>Engines beside the managed one that a program may bring, and how it is built with them.</summary>
    private static readonly (string Name, string How)[] s_known = [("onnx", "-p:Onnx=cpu or gpu"), ("torch", "-p:Torch=cpu, cuda-windows or cuda-linux")];

    /// <summary>The engines of this program, beside the managed one.</summary>
    public static IReadOnlyList<VoiceEngine> Registered => s_registered;

    /// <summary>Engines that this program does not bring, and how it would be built with them.</summary>
    public static IEnumerable<(string Name, string How)> Missing => s_known.Where(known => s_registered.All(engine => engine.Name != known.Name));

    /// <summary>The word after --engine.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, and what it would run on: one line for a table.</summary>
    public abstract string Description { get; }

    /// <summary>Whether it can compute here; <see cref="Description"/> says why not.</summary>
    public virtual bool IsUsable => true;

    /// <summary>Adds an engine; a second one of the same name takes the place of the first.</summary>
    public static void Register(VoiceEngine engine)
    {
        s_registered.RemoveAll(other => other.Name == engine.Name);
        s_registered.Add(engine);
    }

    /// <summary>Finds an engine.</summary>
    /// <param name="name">Its name; <see cref="Managed"/> gives null.</param>
    /// <exception cref="VocoderException">There is none of that name, or this program does not bring it; the line says how it would.</exception>
    public static VoiceEngine? Find(string name)
    {
        if (name == Managed) return null;
        if (s_registered.Find(engine => engine.Name == name) is { } found) return found;
        if (Missing.FirstOrDefault(known => known.Name == name) is { Name: not null } missing)
            throw new VocoderException($"this program was built without the engine {name}, expected a build with {missing.How}");
        throw new VocoderException(
            $"found the engine {VoiceFiles.Quote(name)}, expected {string.Join(", ", [Managed, .. s_known.Select(known => known.Name)])}");
    }

    /// <summary>The engine that reads a file, or null where it is a voice of ours.</summary>
    /// <exception cref="VocoderException">It is a graph, and this program has nothing that runs it.</exception>
    internal static VoiceEngine? OfFile(string path)
    {
        if (s_registered.Find(engine => engine.CanRead(path)) is { } found) return found;
        return Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase) ? Find("onnx") : null;
    }

    /// <summary>This engine, with convolutions in some precision.</summary>
    /// <exception cref="VocoderException">It has only <see cref="Compute.Precision.Float32"/>.</exception>
    public virtual VoiceEngine In(Compute.Precision precision) => precision == Compute.Precision.Float32 ? this
        : throw new VocoderException($"the engine {Name} computes in float32, found {precision.ToString().ToLowerInvariant()}, which torch has");

    /// <summary>The same voice, computed by this engine.</summary>
    /// <param name="voice">A voice.</param>
    /// <param name="device">Where: cpu, cuda or cuda:N; null for what suits the engine.</param>
    /// <exception cref="VocoderException">The voice cannot be computed so, or the device is not there.</exception>
    public abstract LoadedVoice Put(LoadedVoice voice, string? device);

    /// <summary>The same for a voice that scores, encodes and decodes, and need not speak.</summary>
    /// <exception cref="VocoderException">As for <see cref="Put"/>.</exception>
    public virtual LoadedVoice PutForwards(LoadedVoice voice, string? device) => Put(voice, device);

    /// <summary>What computes losses and gradients where a voice is trained by this engine.</summary>
    /// <param name="device">As for <see cref="Put"/>.</param>
    /// <exception cref="VocoderException">It does not train, or the device is not there.</exception>
    public virtual Compute.Engine ForTraining(string? device) => throw new VocoderException($"the engine {Name} does not train, expected {Managed} or torch");

    /// <summary>Whether a file is a voice that only this engine reads.</summary>
    public virtual bool CanRead(string path) => false;

    /// <summary>Reads such a voice.</summary>
    /// <exception cref="VocoderException">It is not usable.</exception>
    public virtual LoadedVoice Read(string path, string? device) => throw new NotSupportedException();
}
