namespace FlowVocoder.AudioIO;

/// <summary>Nobody reads the pipe any more. Not a failure to report: who closed it knows. Programs end quietly, with exit code 141 on Unix.</summary>
public sealed class BrokenPipeException : VocoderException
{
    /// <summary>Names the pipe.</summary>
    public BrokenPipeException(string name, Exception inner) : base($"cannot write to {name}: the reader closed the pipe", inner) { }
}
