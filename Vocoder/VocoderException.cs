namespace FlowVocoder;

/// <summary>
/// An error that a user can act on: bad input, an unusable file, a configuration that does not fit.
/// The message is one line that names the thing, what was found and what was expected;
/// the command line prints it as it is and exits with code 1.
/// </summary>
public class VocoderException : Exception
{
    /// <summary>Creates the error from its one-line message.</summary>
    public VocoderException(string message) : base(message) { }

    /// <summary>Creates the error from its one-line message and the failure that led to it.</summary>
    public VocoderException(string message, Exception inner) : base(message, inner) { }
}
