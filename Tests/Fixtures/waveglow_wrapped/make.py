"""Writes wrapped.pt: a WaveGlow's state dict as PyTorch's tools leave it, and plain.pt: the same weights as PyTorch computes them.

Weight norm is a parametrisation as that of torch.nn.utils.parametrizations.weight_norm (PyTorch 2.1 and later): original0 is the gain,
original1 the direction. The model was compiled and trained by Lightning, with buffers of a loss beside it. Run with PyTorch 1.13 or later.
"""
import torch
from torch import nn
from torch.nn.utils import parametrize

MELS, GROUP, FLOWS, CHANNELS, KERNEL = 2, 4, 2, 4, 8


class WeightNorm(nn.Module):
    def forward(self, g, v):
        return torch._weight_norm(v, g, 0)

    def right_inverse(self, weight):
        return torch.norm_except_dim(weight, 2, 0), weight


def normed(*arguments):
    layer = nn.Conv1d(*arguments)
    parametrize.register_parametrization(layer, "weight", WeightNorm(), unsafe=True)
    with torch.no_grad():
        layer.parametrizations.weight.original0.mul_(1.5)
    return layer


class WN(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_layers = nn.ModuleList([normed(CHANNELS, 2 * CHANNELS, 3)])
        self.res_skip_layers = nn.ModuleList([normed(CHANNELS, CHANNELS, 1)])
        self.start = normed(GROUP // 2, CHANNELS, 1)
        self.cond_layer = normed(MELS * GROUP, 2 * CHANNELS, 1)
        self.end = nn.Conv1d(CHANNELS, GROUP, 1)


class Invertible(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(GROUP, GROUP, 1, bias=False)
        nn.init.orthogonal_(self.conv.weight)


class WaveGlow(nn.Module):
    def __init__(self):
        super().__init__()
        self.upsample = nn.ConvTranspose1d(MELS, MELS, KERNEL, stride=GROUP)
        self.WN = nn.ModuleList([WN() for _ in range(FLOWS)])
        self.convinv = nn.ModuleList([Invertible() for _ in range(FLOWS)])


torch.manual_seed(1)
model = WaveGlow()
state = {"model._orig_mod." + name: value for name, value in model.state_dict().items()}
state["loss.stft.window"] = torch.hann_window(16)
state["loss.num_batches_tracked"] = torch.tensor(7)
lightning = {"epoch": 3, "global_step": 12, "pytorch-lightning_version": "1.9.0", "best": torch.tensor(0.5), "state_dict": state,
             "loops": {"fit_loop": {"state_dict": {}}}, "callbacks": {}, "optimizer_states": [], "lr_schedulers": []}
torch.save(lightning, "wrapped.pt")
plain = {name: value for name, value in model.state_dict().items() if ".parametrizations." not in name}
for name, layer in model.named_modules():
    if parametrize.is_parametrized(layer):
        plain[name + ".weight"] = layer.weight.detach()
torch.save(plain, "plain.pt")
