using System.IO.Compression;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class TorchHostileTests
{
    [Fact]
    public void Calls_that_a_pickle_asks_for_stay_inert()
    {
        string marker = Path.Combine(Path.GetTempPath(), $"flowvocoder-{Guid.NewGuid():N}");
        var pickle = new PickleBuilder()
            .Text("x").Raw("cos\nsystem\n(").Text($"touch {marker}").Raw("tR")
            .Text("y").Raw("cSystem.IO.File\nCreate\n(").Text(marker).Raw("tR")
            .Tensor("t", "FloatStorage", 1, 0, [1], [1]);
        Assert.Equal(["t"], pickle.Read(new byte[4]).Tensors.Keys);
        Assert.False(File.Exists(marker));
    }

    private const string NoView = "stored elements without repeats";

    [Theory]
    [InlineData(4, 0, new long[] { 5 }, new long[] { 1 }, NoView)] // beyond the storage
    [InlineData(4, 3, new long[] { 2 }, new long[] { 1 }, NoView)]
    [InlineData(4, -1, new long[] { 2 }, new long[] { 1 }, NoView)]
    [InlineData(4, 0, new long[] { 2 }, new long[] { -1 }, NoView)]
    [InlineData(4, 0, new long[] { -2 }, new long[] { 1 }, NoView)]
    [InlineData(4, 0, new long[] { 1L << 40, 1L << 40 }, new long[] { 0, 0 }, NoView)]
    [InlineData(4, 0, new long[] { 5 }, new long[] { 0 }, NoView)] // more elements than are stored
    [InlineData(4, long.MaxValue, new long[] { 2 }, new long[] { long.MaxValue }, NoView)]
    [InlineData(1L << 60, 0, new long[] { 2 }, new long[] { 1 }, NoView)]
    [InlineData(4, 0, new long[] { 2 }, new long[] { 1, 1 }, "unknown arguments")]
    [InlineData(1L << 27, 0, new long[] { 2 }, new long[] { 1 }, "8 times")] // a storage far larger than the file
    [InlineData(5, 0, new long[] { 2 }, new long[] { 1 }, "found 16 bytes, expected 20")]
    [InlineData(-4, 0, new long[] { 2 }, new long[] { 1 }, "persistent id")]
    public void Views_beyond_their_storage_are_refused(long elements, long offset, long[] shape, long[] strides, string expected)
    {
        var error = AssertOneLine(() => new PickleBuilder().Tensor("t", "FloatStorage", elements, offset, shape, strides).Read(new byte[16]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_element_type_is_named()
    {
        var error = AssertOneLine(() => new PickleBuilder().Tensor("t", "QInt8Storage", 1, 0, [1], [1]).Read(new byte[1]));
        Assert.Contains("'torch.QInt8Storage'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_storage_named_a_thousand_times_is_refused()
    {
        var pickle = new PickleBuilder();
        for (int i = 0; i < 1000; i++)
        {
            pickle.Tensor($"t{i}", "FloatStorage", 250_000, 0, [250_000], [1]);
        }
        Assert.Contains("8 times", AssertOneLine(() => pickle.Read(new byte[1_000_000])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_that_hold_themselves_or_double_at_each_level_end()
    {
        // The module is in the memo before its state is set, as Python does for cycles.
        AssertOneLine(() => new PickleBuilder(asDict: false)
            .Raw("cm\nM\n)\u0081q\u0000}(").Text("_parameters").Raw("}").Text("_modules").Raw("}(").Text("a").Raw("h\u0000uub.").ReadAsIs([]), "nested");

        var doubling = new PickleBuilder(asDict: false).Raw("N");
        for (int level = 0; level < 40; level++)
        {
            // memo 0 holds the previous level, which becomes both children of the next
            doubling.Raw("q\u00000cm\nM\n)\u0081}(").Text("_parameters").Raw("}").Text("_modules").Raw("}(").Text("a").Raw("h\u0000").Text("b")
                .Raw("h\u0000uub");
        }
        AssertOneLine(() => doubling.Raw(".").ReadAsIs([]), "nested");
    }

    [Theory]
    [InlineData("")] // no STOP
    [InlineData(".")] // nothing to return
    [InlineData("u.")] // no mark
    [InlineData("(0.")] // pops the mark's side
    [InlineData("NR.")]
    [InlineData("NNR.")] // a call of None
    [InlineData("h\u0007.")] // a memo never set
    [InlineData("}(Nu.")] // a key without a value
    [InlineData("NQ.")] // no storage
    [InlineData("X\u00ff\u00ff\u00ff\u007fa.")] // a string of 2 GB
    [InlineData("\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ffa.")] // and of 2^64
    [InlineData("\u008b\u00ff\u00ff\u00ff\u00ff.")]
    [InlineData("Iabc\n.")]
    [InlineData("\u0082\u0001.")] // extension registry
    [InlineData("N.")] // a pickle, but no weights
    [InlineData("}.")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.")]
    public void A_damaged_pickle_gives_one_line(string opcodes) =>
        AssertOneLine(() => new PickleBuilder(asDict: false).Raw(opcodes).ReadAsIs([]));

    [Fact]
    public void Endless_opcodes_and_lines_end()
    {
        AssertOneLine(() => new PickleBuilder(asDict: false).Raw(new string(')', 4_100_000)).ReadAsIs([]), "opcodes");
        AssertOneLine(() => new PickleBuilder(asDict: false).Raw("c" + new string('a', 5000)).ReadAsIs([]), "line");
    }

    [Fact]
    public void A_compressed_storage_is_refused()
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = zip.CreateEntry("m/data.pkl", CompressionLevel.Optimal).Open())
        {
            entry.Write(new byte[1_000_000]);
        }
        file.Position = 0;
        Assert.Contains("uncompressed", AssertOneLine(() => TorchCheckpoint.Read(file, "x.pt")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("module_legacy.pt")]
    [InlineData("state_dict_unfused.pt")]
    public void Every_truncation_is_refused(string file)
    {
        byte[] bytes = File.ReadAllBytes(WaveGlowFixture.Path(file));
        int[] lengths = [0, 1, 3, 4, 14, 20, 100, 5000, 48_900, 50_000, .. Enumerable.Range(1, 20).Select(i => (int)((long)bytes.Length * i / 21)),
            bytes.Length - 1];
        Assert.All(lengths, length => AssertOneLine(() => Read(bytes[..length])));
    }

    [Theory]
    [InlineData("module_legacy.pt", 50_000)]
    [InlineData("state_dict_unfused.pt", 24_000)]
    public void Random_damage_never_gives_another_error(string file, int pickleBytes)
    {
        byte[] good = File.ReadAllBytes(WaveGlowFixture.Path(file));
        var random = new Random(9);
        int refused = 0;
        for (int trial = 0; trial < 200; trial++)
        {
            byte[] bytes = [.. good];
            for (int i = 0; i < 4; i++)
            {
                // Half of the trials hit the pickle, half the zip directory or the storages at the end.
                int position = random.Next(pickleBytes);
                bytes[trial % 2 == 0 ? position : bytes.Length - 1 - position] = (byte)random.Next(256);
            }
            var error = Record.Exception(() => Read(bytes));
            Assert.True(error is null or VocoderException, error?.ToString());
            refused += error is null ? 0 : 1;
        }
        Assert.InRange(refused, 50, 200);
    }

    [Theory]
    [InlineData("audio.npy")]
    [InlineData("state_dict.safetensors")]
    [InlineData("config.json")]
    public void Other_files_are_refused(string file) => AssertOneLine(() => TorchCheckpoint.Read(WaveGlowFixture.Path(file)), file + ": ");

    private static TorchCheckpoint Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return TorchCheckpoint.Read(stream, "x.pt");
    }

    private static VocoderException AssertOneLine(Func<object> read, string expected = "x.pt: ")
    {
        var error = Assert.Throws<VocoderException>(read);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(error.Message.Length < 500, error.Message);
        return error;
    }
}
