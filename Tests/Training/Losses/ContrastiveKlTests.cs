using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class ContrastiveKlTests
{
    private static Tensor Of(params float[] values) => Tensor.From(values, 1, 1, values.Length);

    [Fact]
    public void Takes_off_the_divergence_under_the_condition_of_other_speech()
    {
        var ops = new CpuOps();
        // Two samples. The student: z = (1, -2), log |det dx/dz| = 0.4: (-½·5 - 0.4)/2 = -1.45.
        Tensor logQ = MonteCarloKl.LogDensity(ops, [Of(1, -2)], Of(0.4f), 2);
        // The teacher under other speech: z = (3, 0), log |det dz/dx| = 0.2: (-½·9 + 0.2)/2 = -2.15. The divergence is 0.7.
        Tensor logOther = MonteCarloKl.LogDensity(ops, new FlowResult([Of(3, 0)], [("a", Of(0.2f))]), 2);
        Assert.Equal(-0.3 * 0.7, ContrastiveKl.Apply(ops, logQ, logOther, 0.3f).Item, 1e-6);
        Assert.Equal(0, ContrastiveKl.Apply(ops, logQ, logQ, 0.3f).Item, 1e-7);
    }

    [Fact]
    public void Raises_the_density_of_the_student_and_lowers_that_under_other_speech()
    {
        Tensor logQ = Of(-1.45f).AsParameter(), logOther = Of(-2.15f).AsParameter();
        var tape = new Tape();
        tape.Backward(ContrastiveKl.Apply(new CpuOps(tape: tape), logQ, logOther, 0.3f));
        Assert.Equal((-0.3f, 0.3f), (logQ.Grad!.Item, logOther.Grad!.Item));
    }
}
