using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class WindowsTests
{
    [Fact]
    public void The_periodic_Hann_window_is_that_of_scipy()
    {
        // scipy.signal.get_window('hann', 4) and ('hann', 6)
        Assert.Equal([0, 0.5, 1, 0.5], Windows.HannPeriodic(4).Select(v => Math.Round(v, 15)));
        Assert.Equal([0, 0.25, 0.75, 1, 0.75, 0.25], Windows.HannPeriodic(6).Select(v => Math.Round(v, 15)));
    }

    [Fact]
    public void The_symmetric_Hann_window_is_that_of_NWaves()
    {
        // numpy.hanning(5)
        Assert.Equal([0, 0.5, 1, 0.5, 0], Windows.HannSymmetric(5).Select(v => Math.Round(v, 15)));
        Assert.Equal([1], Windows.HannSymmetric(1));
        float[] theirs = NWaves.Windows.Window.Hann(1024);
        double[] ours = Windows.HannSymmetric(1024);
        for (int i = 0; i < ours.Length; i++) Assert.Equal(theirs[i], ours[i], 1e-7);
    }

    [Fact]
    public void A_recipe_says_which_window_it_wants()
    {
        MelRecipe nemo = MelRecipe.ByName("nemo"), hifigan = MelRecipe.ByName("hifigan");
        Assert.Equal(Windows.HannSymmetric(1024), Windows.Of(nemo));
        Assert.Equal(Windows.HannPeriodic(1024), Windows.Of(hifigan));
        Assert.Equal(nemo, MelRecipe.FromJson(nemo.ToJson()));
        // Voices made before there was a choice are read and written as they were.
        Assert.DoesNotContain("\"window\":", hifigan.ToJson(), StringComparison.Ordinal);
        Assert.Contains("window shape HannSymmetric, the voice expects HannPeriodic", hifigan.Mismatch(nemo), StringComparison.Ordinal);
    }
}
