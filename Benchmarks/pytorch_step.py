"""One training step of the default compact voice in PyTorch on CPU: the peer that `Benchmarks training --pytorch` compares with.

Same layers, sizes and batch, random weights and data; forward, loss, backward, Adam. Run it alone with any torch:
    python3 pytorch_step.py --threads 1
"""
import argparse
import math
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import weight_norm

BANDS, HOP, GROUP, FLOWS, LAYERS, CHANNELS, KERNEL = 80, 256, 32, 6, 4, 96, 3
EARLY_EVERY, EARLY_SIZE, CLAMP, LOOK_AHEAD = 2, 4, 4.0, 2
ENCODER, CONDITION, PITCH, FEATURES, BINS = 128, 96, 128, 1 + 2 * 6 * 4, 96


class CausalConv(nn.Module):
    """A dilated convolution that sees the past alone."""

    def __init__(self, inputs, outputs, taps=1, dilation=1, norm=False):
        super().__init__()
        conv = nn.Conv1d(inputs, outputs, taps, dilation=dilation)
        self.conv = weight_norm(conv) if norm else conv
        self.left = (taps - 1) * dilation

    def forward(self, x):
        return self.conv(F.pad(x, (self.left, 0)) if self.left else x)


class WaveNet(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.start = CausalConv(inputs, CHANNELS, norm=True)
        self.condition = CausalConv(CONDITION, 2 * CHANNELS * LAYERS, norm=True)
        self.layers = nn.ModuleList(CausalConv(CHANNELS, 2 * CHANNELS, KERNEL, 2 ** i, norm=True) for i in range(LAYERS))
        self.res_skip = nn.ModuleList(CausalConv(CHANNELS, (2 if i < LAYERS - 1 else 1) * CHANNELS, norm=True) for i in range(LAYERS))
        self.end = nn.Conv1d(CHANNELS, outputs, 1)

    def forward(self, x, condition):
        hidden, skip = self.start(x), 0
        conditions = self.condition(condition).chunk(LAYERS, dim=1)
        for i in range(LAYERS):
            a, b = (self.layers[i](hidden) + conditions[i]).chunk(2, dim=1)
            out = self.res_skip[i](torch.tanh(a) * torch.sigmoid(b))
            if i < LAYERS - 1:
                residual, out = out.chunk(2, dim=1)
                hidden = hidden + residual
            skip = skip + out
        return self.end(skip)


class Step(nn.Module):
    """ActNorm, invertible 1x1 convolution through its LU decomposition, affine coupling."""

    def __init__(self, channels):
        super().__init__()
        self.log_scale, self.shift = nn.Parameter(torch.zeros(1, channels, 1)), nn.Parameter(torch.zeros(1, channels, 1))
        p, low, up = torch.lu_unpack(*torch.linalg.lu_factor(torch.linalg.qr(torch.randn(channels, channels))[0]))
        self.register_buffer("p", p)
        self.register_buffer("sign", up.diagonal().sign())
        self.register_buffer("eye", torch.eye(channels))
        self.triangles = nn.Parameter(low.tril(-1) + up.triu(1))
        self.log_diagonal = nn.Parameter(up.diagonal().abs().log())
        self.wavenet = WaveNet(channels // 2, channels)

    def forward(self, x, condition):
        steps = x.shape[0] * x.shape[2]
        x = x * self.log_scale.exp() + self.shift
        low = self.triangles.tril(-1) + self.eye
        up = self.triangles.triu(1) + torch.diag(self.sign * self.log_diagonal.exp())
        x = F.conv1d(x, (self.p @ low @ up).unsqueeze(2))
        a, b = x.chunk(2, dim=1)
        shift, log_scale = self.wavenet(a, condition).chunk(2, dim=1)
        log_scale = CLAMP * torch.tanh(log_scale / CLAMP)
        log_det = steps * (self.log_scale.sum() + self.log_diagonal.sum()) + log_scale.sum()
        return torch.cat([a, b * log_scale.exp() + shift], dim=1), log_det


class Compact(nn.Module):
    def __init__(self):
        super().__init__()
        self.mel = nn.Sequential(CausalConv(BANDS, ENCODER, 5), nn.LeakyReLU(0.1), CausalConv(ENCODER, ENCODER, 3), nn.LeakyReLU(0.1))
        self.upsample = nn.Conv1d(ENCODER, CONDITION * HOP // GROUP, 1)
        self.phase = nn.Sequential(CausalConv(FEATURES, CONDITION, 3), nn.LeakyReLU(0.1), CausalConv(CONDITION, CONDITION))
        self.pitch = nn.Sequential(
            CausalConv(BANDS, PITCH, 3), nn.LeakyReLU(0.1), CausalConv(PITCH, PITCH, 3), nn.LeakyReLU(0.1),
            CausalConv(PITCH, PITCH, 3), nn.LeakyReLU(0.1), CausalConv(PITCH, BINS + 2))
        sizes = [GROUP - EARLY_SIZE * (k // EARLY_EVERY) for k in range(FLOWS)]
        self.steps = nn.ModuleList(Step(channels) for channels in sizes)

    def forward(self, audio, mel, phase, bins, voicing):
        batch, samples = audio.shape
        condition = self.upsample(self.mel(mel)[:, :, LOOK_AHEAD:])
        condition = condition.view(batch, CONDITION, HOP // GROUP, -1).transpose(2, 3).reshape(batch, CONDITION, -1) + self.phase(phase)
        x = audio.view(batch, samples // GROUP, GROUP).transpose(1, 2)
        squares = log_det = 0
        for k, step in enumerate(self.steps):
            if k > 0 and k % EARLY_EVERY == 0:
                squares = squares + x[:, :EARLY_SIZE].square().sum()
                x = x[:, EARLY_SIZE:]
            x, step_log_det = step(x, condition)
            log_det = log_det + step_log_det
        likelihood = (0.5 * (squares + x.square().sum()) - log_det) / audio.numel()
        frames = bins.shape[2]
        out = self.pitch(mel)[:, :, 1:1 + frames]
        pitch = (F.log_softmax(out[:, :BINS], 1) * bins).sum() + (F.log_softmax(out[:, BINS:], 1) * voicing).sum()
        return likelihood - pitch / (batch * frames)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--frames", type=int, default=32, help="mel frames in a crop")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--times", action="store_true", help="print the time of each step alone, one a line")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    model = Compact()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.99))
    samples = args.frames * HOP
    batch = (
        torch.randn(args.batch, samples), torch.randn(args.batch, BANDS, args.frames + LOOK_AHEAD), torch.randn(args.batch, FEATURES, samples // GROUP),
        torch.softmax(torch.randn(args.batch, BINS, args.frames), 1), torch.softmax(torch.randn(args.batch, 2, args.frames), 1))
    times = []
    for step in range(args.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = model(*batch)
        loss.backward()
        optimizer.step()
        if step >= 2:
            times.append(time.perf_counter() - start)
    assert math.isfinite(loss.item())
    if args.times:
        print("\n".join(f"{t:.6f}" for t in times))
        return
    parameters = sum(p.numel() for p in model.parameters())
    print(f"torch {torch.__version__}, {args.threads} threads, {parameters} parameters: {min(times):.3f} s a step, median {sorted(times)[len(times) // 2]:.3f}")


if __name__ == "__main__":
    main()
