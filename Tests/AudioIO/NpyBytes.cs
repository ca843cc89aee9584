using System.Text;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>.npy files put together byte by byte.</summary>
internal static class NpyBytes
{
    public static byte[] File(string dict, byte[] data, int major = 1, int minor = 0)
    {
        byte[] text = major == 3 ? Encoding.UTF8.GetBytes(dict) : Encoding.Latin1.GetBytes(dict);
        byte[] length = major == 1 ? WavBytes.U16(text.Length) : WavBytes.U32((uint)text.Length);
        return [0x93, .. "NUMPY"u8, (byte)major, (byte)minor, .. length, .. text, .. data];
    }

    public static string Dict(string descr, string shape, bool fortran = false) =>
        $"{{'descr': '{descr}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}      \n";

    public static byte[] Floats(string shape, params float[] values) => File(Dict("<f4", shape), Bytes(values));

    public static byte[] Bytes(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
