namespace FlowVocoder.Native;

/// <summary>fv_status of the header.</summary>
internal static class Status
{
    public const int Ok = 0, Argument = -1, Input = -2, Order = -3, Memory = -4, Internal = -5;

    /// <summary>The status that an exception stands for.</summary>
    public static int Of(Exception e) => e switch
    {
        VocoderException or IOException or UnauthorizedAccessException => Input,
        ArgumentException or OverflowException => Argument,
        InvalidOperationException => Order,
        OutOfMemoryException => Memory,
        _ => Internal,
    };
}
