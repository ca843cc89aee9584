using System.Text;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

/// <summary>What only files of Python 2 and PyTorch 0.x hold, written by hand: no reference library writes them any more.</summary>
public class TorchLegacyTests
{
    private const string Magic = "\u0080\u0002\u008a\u000al\u00fc\u009cF\u00f9 j\u00a8P\u0019.";
    private const string Protocol = "\u0080\u0002M\u00e9\u0003.";
    private const string LittleEndian = "\u0080\u0002}U\u000dlittle_endian\u0088s.";

    /// <summary>OrderedDict([['w', tensor]]): Python 2 passes the items to the call; the tensor lies in a view of storage 77.</summary>
    private const string Object = "\u0080\u0002ccollections\nOrderedDict\n(]](U\u0001wctorch._utils\n_rebuild_tensor\n"
        + "((U\u0007storagectorch.cuda\nFloatStorage\nU\u000277U\u0006cuda:0K\u0005(U\u000278K\u0002K\u0003ttQK\u0001K\u0002\u0085K\u0001\u0085tReatR.";

    private const string Keys = "\u0080\u0002]U\u000277a.";

    [Fact]
    public void A_view_of_a_storage_in_an_ordered_dict_of_python_2_is_read()
    {
        var tensors = Read(Object, Keys, 5).Tensors;
        // Five floats 0 to 4, of which the view starts at 2 and the tensor at 1 within it.
        Assert.Equal([3f, 4f], Assert.Single(tensors).Value.Data);
        Assert.Equal("w", tensors.Keys.Single());
    }

    [Theory]
    [InlineData(Object, Keys, 4, "found 4 elements")]
    [InlineData(Object, "\u0080\u0002].", 5, "no storage '77'")]
    [InlineData(Object, "\u0080\u0002]U\u000278a.", 5, "storage '78'")]
    [InlineData(Object, "\u0080\u0002](U\u000277U\u000277e.", 5, "damaged or cut short")]
    [InlineData(Object, "\u0080\u0002N.", 5, "no list of storages")]
    public void Storages_that_do_not_fit_the_object_are_refused(string pickle, string keys, int count, string expected)
    {
        var error = Assert.Throws<VocoderException>(() => Read(pickle, keys, count));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Protocol + Protocol, "magic")]
    [InlineData(Magic + Magic, "protocol version")]
    [InlineData(Magic + Protocol + "\u0080\u0002}U\u000dlittle_endian\u0089s.", "big-endian")]
    public void Other_heads_are_refused(string bytes, string expected)
    {
        using var stream = new MemoryStream(Encoding.Latin1.GetBytes(bytes));
        var error = Assert.Throws<VocoderException>(() => TorchCheckpoint.Read(stream, "old.pt"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static TorchCheckpoint Read(string pickle, string keys, int count)
    {
        using var stream = new MemoryStream();
        stream.Write(Encoding.Latin1.GetBytes(Magic + Protocol + LittleEndian + pickle + keys));
        stream.Write(BitConverter.GetBytes((long)count));
        for (int i = 0; i < count; i++)
        {
            stream.Write(BitConverter.GetBytes((float)i));
        }
        stream.Position = 0;
        return TorchCheckpoint.Read(stream, "old.pt");
    }
}
