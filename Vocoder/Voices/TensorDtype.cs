namespace FlowVocoder.Voices;

/// <summary>
/// Element type of a stored tensor, named as in the safetensors format.
/// Floating types become <see cref="float"/> when read; the others stay bytes.
/// </summary>
public enum TensorDtype
{
    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    F32,

    /// <summary>IEEE 754 half precision, 2 bytes.</summary>
    F16,

    /// <summary>The upper half of a single, 2 bytes.</summary>
    BF16,

    /// <summary>IEEE 754 double precision, 8 bytes; rounded to single when read.</summary>
    F64,

    /// <summary>Signed integer, 8 bytes.</summary>
    I64,

    /// <summary>Signed integer, 4 bytes.</summary>
    I32,

    /// <summary>Signed integer, 2 bytes.</summary>
    I16,

    /// <summary>Signed integer, 1 byte.</summary>
    I8,

    /// <summary>Unsigned integer, 8 bytes.</summary>
    U64,

    /// <summary>Unsigned integer, 4 bytes.</summary>
    U32,

    /// <summary>Unsigned integer, 2 bytes.</summary>
    U16,

    /// <summary>Unsigned integer, 1 byte.</summary>
    U8,

    /// <summary>Truth value, 1 byte.</summary>
    Bool,
}

internal static class TensorDtypes
{
    public const string Supported = "F32, F16, BF16, F64, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL";

    public static bool IsFloat(this TensorDtype dtype) =>
        dtype is TensorDtype.F32 or TensorDtype.F16 or TensorDtype.BF16 or TensorDtype.F64;

    public static int Bytes(this TensorDtype dtype) => dtype switch
    {
        TensorDtype.F64 or TensorDtype.I64 or TensorDtype.U64 => 8,
        TensorDtype.F32 or TensorDtype.I32 or TensorDtype.U32 => 4,
        TensorDtype.F16 or TensorDtype.BF16 or TensorDtype.I16 or TensorDtype.U16 => 2,
        _ => 1,
    };

    public static string Label(this TensorDtype dtype) => dtype == TensorDtype.Bool ? "BOOL" : dtype.ToString();

    public static bool TryParse(string label, out TensorDtype dtype)
    {
        foreach (var candidate in Enum.GetValues<TensorDtype>())
        {
            if (candidate.Label() == label)
            {
                dtype = candidate;
                return true;
            }
        }
        dtype = default;
        return false;
    }
}
