namespace FlowVocoder.Tests.AudioIO;

/// <summary>Checks of the errors that users see.</summary>
internal static class Refusal
{
    /// <summary>The action must be refused with one line that holds each of the parts.</summary>
    public static VocoderException Expect(Action action, params string[] parts)
    {
        VocoderException e = Assert.Throws<VocoderException>(action);
        Assert.DoesNotContain('\n', e.Message);
        foreach (string part in parts)
            Assert.Contains(part, e.Message, StringComparison.Ordinal);
        return e;
    }
}
