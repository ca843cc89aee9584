using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

/// <summary>The style of recordings, where it is known in closed form.</summary>
public class FlowtronStyleTests
{
    private static readonly FlowtronConfig s_tiny = new() { SpeakerChannels = 2, TextChannels = 4, MelChannels = 3, Hidden = 8, AttentionChannels = 4 };

    // A new model's flows are the identity: their last layers are zeros.
    [Fact]
    public void Of_the_identity_it_is_the_mean_of_the_mels_by_the_posterior_of_a_mean()
    {
        var model = new Flowtron(s_tiny, seed: 3);
        float[] first = [1, 2, 3, 4, 5, 6], second = [0, 0, 3, 3, 3, 0, 1, -1, 9];
        const double Lambda = 0.5, Ratio = 2 / Lambda;
        float[] style = FlowtronStyle.Of(model, Engine.Managed, new Parallelism(1), [(first, [1, 2]), (second, [3])], 0, Lambda);
        double[] means = [(1.5 + 1) / 2, (3.5 + 2) / 2, (5.5 + 3) / 2];
        Assert.Equal(means.Select(m => (float)(m * Ratio / (Ratio + 1))), style, (a, b) => Math.Abs(a - b) < 1e-5);
        // And with it, and without noise, every frame that is spoken.
        FlowtronFrame[] spoken = [.. model.Speak(Engine.Managed, new Parallelism(1), [5, 6, 7],
            new FlowtronOptions { Sigma = 0, Style = style, MaxFrames = 4, Gate = 1 })];
        Assert.Equal(4, spoken.Length);
        Assert.All(spoken, frame => Assert.Equal(style, frame.Values));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var model = new Flowtron(s_tiny, seed: 3);
        string Message(FlowtronOptions options) => Assert.Throws<VocoderException>(() => model.Speak(Engine.Managed, new Parallelism(1), [1], options)).Message;
        Assert.Equal("the speaker is 1, expected 0", Message(new FlowtronOptions { Speaker = 1 }));
        Assert.Equal("the sigma of the flow is -1, expected 0 to 10", Message(new FlowtronOptions { Sigma = -1 }));
        Assert.Equal("the threshold of the gate is 1.5, expected 0 to 1", Message(new FlowtronOptions { Gate = 1.5 }));
        Assert.Equal("the temperature of the attention is 0, expected more than 0, at most 100", Message(new FlowtronOptions { Temperature = 0 }));
        Assert.Equal("the largest number of frames is 0, expected 1 to 100000", Message(new FlowtronOptions { MaxFrames = 0 }));
        Assert.Equal("the number of bands of the style is 2, expected 3", Message(new FlowtronOptions { Style = [1, 2] }));
        Assert.Equal("found no recordings of a style, expected at least 1",
            Assert.Throws<VocoderException>(() => FlowtronStyle.Of(model, Engine.Managed, new Parallelism(1), [], 0)).Message);
    }
}
