namespace FlowVocoder.Compute;

/// <summary>
/// A value that is made of a model's parameters alone: a weight with its norm folded in, a composed matrix, an inverse. An engine makes it anew in each pass
/// where gradients are wanted, once a pass however often it is used; elsewhere it is kept until a parameter changes.
/// </summary>
/// <param name="make">Makes it by the operations that it is given.</param>
/// <param name="sources">The parameters that it is made of.</param>
public sealed class DerivedTensor(Func<Ops, Tensor> make, params Tensor[] sources)
{
    private Kept? _kept;

    private sealed record Kept(int[] Versions, Tensor Value);

    /// <summary>The value, for operations of an engine.</summary>
    public Tensor Of(Ops ops) => ops.Derive(this);

    /// <summary>Whether gradients flow to one of the parameters.</summary>
    public bool RequiresGrad
    {
        get
        {
            foreach (Tensor source in sources)
                if (source.RequiresGrad) return true;
            return false;
        }
    }

    /// <summary>Makes the value by the operations of an engine.</summary>
    public Tensor Make(Ops ops) => make(ops);

    /// <summary>The value in host memory, made by the managed engine when first asked for and after a parameter has changed. Threads may share it.</summary>
    public Tensor InHostMemory()
    {
        Kept? kept = _kept;
        return kept != null && IsCurrent(kept.Versions) ? kept.Value : Remake();
    }

    private bool IsCurrent(int[] versions)
    {
        for (int i = 0; i < versions.Length; i++)
            if (versions[i] != sources[i].Version) return false;
        return true;
    }

    private Tensor Remake()
    {
        int[] versions = [.. sources.Select(source => source.Version)];
        Tensor value = make(new CpuOps());
        _kept = new Kept(versions, value);
        return value;
    }
}
