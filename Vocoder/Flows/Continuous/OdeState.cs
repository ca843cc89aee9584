using System.Runtime.CompilerServices;
using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>Where a trajectory is, and what is integrated along it beside: [b, c, t] and, where it is asked for, [b, 1, 1].</summary>
internal readonly record struct OdeState(Tensor X, Tensor? Integral);

/// <summary>A vector field: the slope of a state at a time, told the number of its evaluation in equal steps, from 0.</summary>
internal delegate OdeState OdeField<TSource>(in TSource source, OdeState at, double time, int evaluation);

/// <summary>The slopes of the stages of a step, without a heap.</summary>
[InlineArray(MostStages)]
internal struct OdeSlopes
{
    /// <summary>Stages of the longest method.</summary>
    public const int MostStages = 7;

    private OdeState _first;
}
