using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public sealed class NpzTests : IDisposable
{
    // numpy.savez_compressed(f, z=numpy.arange(6, dtype='f4').reshape(2, 3), mel=numpy.array([0.5, -1.5])) of NumPy 1.24.
    private const string OfNumPy =
        "UEsDBBQAAAAIAAAAIQBP6QAqVQAAAJgAAAAFABQAei5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQW"
        + "pAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMEFAAAAAgAAAAhALReY2lNAAAAkAAAAAcAFABtZWwubnB5AQAQAJAAAAAAAAAATQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRu"
        + "paBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuBjB4YA+hf+wHAFBLAQIUAxQAAAAIAAAAIQBP6QAqVQAAAJgAAAAFAAAAAAAAAAAAAACAAQAAAAB6Lm5w"
        + "eVBLAQIUAxQAAAAIAAAAIQC0XmNpTQAAAJAAAAAHAAAAAAAAAAAAAACAAYwAAABtZWwubnB5UEsFBgAAAAACAAIAaAAAABIBAAAAAA==";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_archive_of_numpy_is_read()
    {
        var arrays = Npz.Read(_folder.Add("numpy.npz", Convert.FromBase64String(OfNumPy)));
        Assert.Equal(["mel", "z"], arrays.Keys.Order());
        Assert.Equal([2, 3], arrays["z"].Shape);
        Assert.Equal([0f, 1, 2, 3, 4, 5], arrays["z"].Data);
        Assert.Equal([0.5f, -1.5f], arrays["mel"].Data);
    }

    [Fact]
    public void What_was_written_is_read_again_and_the_same_arrays_make_the_same_file()
    {
        (string, NpyArray)[] arrays = [("a", new NpyArray([1, 2, 3, 4], [2, 2])), ("b", new NpyArray([], [0, 5]))];
        Npz.Write(_folder["one.npz"], arrays);
        Npz.Write(_folder["two.npz"], arrays);
        Assert.Equal(File.ReadAllBytes(_folder["one.npz"]), File.ReadAllBytes(_folder["two.npz"]));
        var read = Npz.Read(_folder["one.npz"]);
        Assert.Equal([1f, 2, 3, 4], read["a"].Data);
        Assert.Equal([0, 5], read["b"].Shape);
    }

    [Fact]
    public void What_is_no_archive_of_arrays_is_refused()
    {
        Refusal.Expect(() => Npz.Read(_folder.Add("text.npz", "no zip at all"u8.ToArray())), "text.npz' is no .npz", "expected a zip of .npy files");
        byte[] bytes = Convert.FromBase64String(OfNumPy);
        Refusal.Expect(() => Npz.Read(_folder.Add("cut.npz", bytes[..^30])), "cut.npz' is no .npz");
        bytes[60] ^= 0x55;
        Refusal.Expect(() => Npz.Read(_folder.Add("bent.npz", bytes)), "bent.npz");
        Refusal.Expect(() => Npz.Read(_folder["none.npz"]), "none.npz", "does not exist");
    }
}
