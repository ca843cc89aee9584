namespace FlowVocoder.Flows;

/// <summary>What transforms the samples in each step of a stack of flows.</summary>
public enum FlowKind
{
    /// <summary>Affine coupling: both directions are one parallel pass. See <see cref="AffineCoupling"/>.</summary>
    Coupling,

    /// <summary>
    /// Masked autoregressive flow (Papamakarios et al. 2017): one parallel pass scores, generation goes step by step. See <see cref="AutoregressiveFlow"/>.
    /// </summary>
    Maf,

    /// <summary>Inverse autoregressive flow (Kingma et al. 2016): one parallel pass generates, scoring goes step by step.</summary>
    Iaf,

    /// <summary>
    /// Continuous flow (Chen et al. 2018): both directions are a differential equation, solved in few steps or many. See <see cref="ContinuousFlow"/>.
    /// </summary>
    Continuous,
}
