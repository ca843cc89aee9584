namespace FlowVocoder.Streaming;

/// <summary>A piece of speech that knows which mel frames it renders, for moving lips with it and for telling where a listener broke in.</summary>
/// <param name="Samples">Consecutive samples, hop after hop; they belong to the receiver.</param>
/// <param name="FirstFrame">Number of the first mel frame that they render, counted from the start of the signal.</param>
/// <param name="FrameCount">Mel frames that they render, 1 or more.</param>
/// <param name="SamplePosition">Position of the first sample from the start of the signal.</param>
public readonly record struct SpeechBuffer(ReadOnlyMemory<float> Samples, long FirstFrame, int FrameCount, long SamplePosition);
