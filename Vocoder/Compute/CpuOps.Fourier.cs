using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Stft(Tensor x, Tensor window, int hop)
    {
        FourierTables tables = FourierTables.Of(window.Size);
        Require(hop >= 1 && x.Channels == 1 && x.Length >= tables.Size, $"frames of {tables.Size} samples every {hop} cannot be taken of {x.Shape}");
        Tensor y = Rent(x.Batch, 2 * (tables.Half + 1), (x.Length - tables.Size) / hop + 1);
        Spectra(tables, x, window, hop, y, 1f, 1f);
        // Bins between the first and the last stand for two of the full spectrum, in which the way back is the adjoint of the way there.
        Record(y, x, null, null, (tables, window, hop), static (ops, y, x, _, _, s) => ops.AddFrames(s.tables, y.Grad!, s.window, s.hop,
            ops.GradientOf(x), 0.5f, 1f));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor OverlapAdd(Tensor spectra, Tensor window, int hop, Tensor? add = null)
    {
        FourierTables tables = FourierTables.Of(window.Size);
        int length = (spectra.Length - 1) * hop + tables.Size;
        Require(hop >= 1 && spectra.Channels == 2 * (tables.Half + 1), $"spectra {spectra.Shape} are not those of frames of {tables.Size} samples");
        Require(add == null || (add.Batch == spectra.Batch && add.Channels == 1 && add.Length == length), $"an addend {add?.Shape} of {length} samples");
        Tensor y = Rent(spectra.Batch, 1, length);
        if (add == null) y.Span.Clear();
        else add.Span.CopyTo(y.Span);
        AddFrames(tables, spectra, window, hop, y, 1f / tables.Size, 1f / tables.Size);
        Record(y, spectra, add, null, (tables, window, hop), static (ops, y, spectra, add, _, s) =>
        {
            if (add is { RequiresGrad: true }) ops.AddGradient(add, y.Grad!);
            if (!spectra.RequiresGrad) return;
            Tensor part = ops.RentLike(spectra);
            ops.Spectra(s.tables, y.Grad!, s.window, s.hop, part, 2f / s.tables.Size, 1f / s.tables.Size);
            ops.AddGradient(spectra, part);
            ops._workspace.Return(part);
        });
        return y;
    }

    private void Spectra(FourierTables tables, Tensor x, Tensor window, int hop, Tensor y, float inner, float edge)
    {
        int lanes = FourierFrames.Lanes, blocks = (y.Length + lanes - 1) / lanes;
        _parallelism.ForRanges(x.Batch * blocks, lanes * tables.Size, (tables, x, window, hop, y, inner, edge), static (from, to, in s) =>
        {
            int lanes = FourierFrames.Lanes, blocks = (s.y.Length + lanes - 1) / lanes;
            for (int i = from; i < to; i++)
            {
                int item = i / blocks, frame = i % blocks * lanes;
                FourierFrames.Forward(s.tables, s.x.RowPointer(item, 0) + (long)frame * s.hop, s.hop, s.window.Data, Math.Min(lanes, s.y.Length - frame),
                    s.y.RowPointer(item, 0) + frame, s.y.RowPointer(item, s.tables.Half + 1) + frame, s.y.Length, s.inner, s.edge);
            }
        });
    }

    // Adds to y the frames of each item, the first frame first.
    private void AddFrames(FourierTables tables, Tensor spectra, Tensor window, int hop, Tensor y, float inner, float edge) =>
        _parallelism.ForRanges(y.Batch, spectra.Length * tables.Size, (tables, spectra, window, hop, y, inner, edge), static (from, to, in s) =>
        {
            int lanes = FourierFrames.Lanes;
            for (int item = from; item < to; item++)
                for (int frame = 0; frame < s.spectra.Length; frame += lanes)
                    FourierFrames.AddInverse(s.tables, s.spectra.RowPointer(item, 0) + frame, s.spectra.RowPointer(item, s.tables.Half + 1) + frame,
                        s.spectra.Length, s.window.Data,
                        Math.Min(lanes, s.spectra.Length - frame), s.y.RowPointer(item, 0) + (long)frame * s.hop, s.hop, s.inner, s.edge);
        });
}
