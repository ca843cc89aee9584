namespace FlowVocoder.Torch;

/// <summary>
/// Linear prediction without a recursion over samples. Within a block the taps stand still, so that its samples are y = V·(g·x) + W·s, linear in the block's
/// input x and in the last samples s of what came before: both solve the triangular system y_t - Σ_k a_k·y_{t-k} = g·x_t, for all blocks at once. The s of all
/// blocks follow from each other by matrices of the filter's order, which are multiplied pair by pair, in twice the logarithm of the number of blocks steps.
/// In double, because products of many matrices are taken: what it gives is nearer to the exact filter than the recursion in 32 bits.
/// </summary>
internal static class Prediction
{
    /// <summary>x [b, 1, blocks·n], taps [b, blocks, order] and gains [b, blocks, 1] → y_t = gain·x_t + Σ_k tap_k·y_{t-k}; gradients flow to x alone.</summary>
    public static TorchTensor Synthesize(TorchTensor x, TorchTensor taps, TorchTensor gains)
    {
        long batch = taps.shape[0], blocks = taps.shape[1], order = taps.shape[2], size = x.shape[2] / blocks;
        TorchTensor a = taps.detach().to(torch.float64), input = (
            x.to(torch.float64).reshape(batch, blocks, size, 1) * gains.detach().to(torch.float64).unsqueeze(3));
        var (within, before) = Matrices(a, size);
        // What each block says from silence, and what one sample before it does to it.
        TorchTensor alone = torch.linalg.solve_triangular(within, input, upper: false), carried = torch.linalg.solve_triangular(within, before, upper: false);
        TorchTensor states = States(Last(carried, order, isState: true), Last(alone, order, isState: false));
        return (alone + carried.matmul(states)).to(torch.float32).reshape(batch, 1, -1);
    }

    /// <summary>Undoes it: y_t = (x_t - Σ_k tap_k·x_{t-k}) / gain.</summary>
    public static TorchTensor Analyze(TorchTensor x, TorchTensor taps, TorchTensor gains)
    {
        long batch = taps.shape[0], blocks = taps.shape[1], order = taps.shape[2];
        // Each sample's window of the order before it, the oldest first.
        TorchTensor past = torch.nn.functional.pad(x, [order, 0]).squeeze(1).narrow(1, 0, x.shape[2] + order - 1).unfold(1, order, 1).reshape(batch,
            blocks, -1, order);
        TorchTensor predicted = past.matmul(taps.detach().flip(2).unsqueeze(3)).squeeze(3);
        return ((x.reshape(batch, blocks, -1) - predicted) / gains.detach()).reshape(batch, 1, -1);
    }

    // [b, blocks, n, n] I - A, where A has the taps below its diagonal, and [b, blocks, n, order] what the samples before the block, the oldest first, add to
    // it.
    private static (TorchTensor Within, TorchTensor Before) Matrices(TorchTensor taps, long size)
    {
        long order = taps.shape[2];
        torch.Device on = taps.device;
        TorchTensor step = torch.arange(size, device: on).unsqueeze(1);
        // How far a sample lies behind another; behind no other, or farther than the filter looks, is the place of a zero.
        TorchTensor Toeplitz(TorchTensor distance)
        {
            TorchTensor places = torch.where((distance >= 1).logical_and(distance <= order), distance, torch.zeros_like(distance));
            return torch.nn.functional.pad(taps, [1, 0]).index_select(2, places.reshape(-1)).reshape(taps.shape[0], taps.shape[1], size, -1);
        }
        TorchTensor inside = Toeplitz(step - torch.arange(size, device: on).unsqueeze(0));
        return (torch.eye(size, dtype: torch.float64, device: on) - inside, Toeplitz(step + order - torch.arange(order, device: on).unsqueeze(0)));
    }

    // The last samples after a block; where it is shorter than the order, some of those before it are still among them.
    private static TorchTensor Last(TorchTensor block, long order, bool isState)
    {
        long size = block.shape[2];
        if (size >= order) return block.narrow(2, size - order, order);
        TorchTensor older = torch.eye(order, dtype: torch.float64, device: block.device).narrow(0, size, order - size).expand(block.shape[0],
            block.shape[1], -1, -1);
        return torch.cat([isState ? older : torch.zeros([block.shape[0], block.shape[1], order - size, 1], torch.float64, block.device), block], 2);
    }

    // s_0 = 0, s_{k+1} = M_k·s_k + c_k for all k, [b, blocks, order, 1]: the states before pairs of blocks first, and from them those between.
    private static TorchTensor States(TorchTensor m, TorchTensor c)
    {
        long count = c.shape[1], pairs = count / 2;
        if (count == 1) return torch.zeros_like(c);
        TorchTensor Each(TorchTensor all, long first) => all.slice(1, first, 2 * pairs, 2);
        TorchTensor odd = Each(m, 1), even = States(odd.matmul(Each(m, 0)), odd.matmul(Each(c, 0)) + Each(c, 1));
        TorchTensor between = Each(m, 0).matmul(even) + Each(c, 0);
        TorchTensor states = torch.stack([even, between], 2).reshape(c.shape[0], 2 * pairs, c.shape[2], 1);
        if (count == 2 * pairs) return states;
        // The last block without another: its state follows from the one before.
        TorchTensor last = m.narrow(1, count - 2, 1).matmul(states.narrow(1, count - 2, 1)) + c.narrow(1, count - 2, 1);
        return torch.cat([states, last], 1);
    }
}
