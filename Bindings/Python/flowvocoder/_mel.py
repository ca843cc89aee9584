"""Mels of numpy, PyTorch and whatever numpy takes for an array."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
from numpy.typing import NDArray

BANDS_FIRST, FRAMES_FIRST = 0, 1


def as_floats(mel: Any) -> NDArray[np.float32]:
    """The values as float32, on the CPU; a tensor that learns is let go of its gradient."""
    if hasattr(mel, "detach"):
        if not mel.is_floating_point():
            raise ValueError(f"the mel holds {mel.dtype}, expected floating-point numbers")
        mel = mel.detach().cpu().float().numpy()
    array = np.asarray(mel)
    if array.dtype.kind != "f":
        raise ValueError(f"the mel holds {array.dtype}, expected floating-point numbers")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def shaped(mel: Any, bands: int) -> Tuple[NDArray[np.float32], int, int]:
    """The values, the number of frames and the layout of a mel of shape [bands, T] or [T, bands], behind any axes of 1."""
    array = as_floats(mel)
    shape = array.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 2 and shape[0] == bands:
        return array, shape[1], BANDS_FIRST
    if len(shape) == 2 and shape[1] == bands:
        return array, shape[0], FRAMES_FIRST
    raise ValueError(f"the mel has shape {list(array.shape)}, expected one of {bands} bands: [{bands}, T] or [T, {bands}], behind any axes of 1")


def frames_of(chunk: Any, bands: int) -> Tuple[NDArray[np.float32], int]:
    """The values of frames one after the other, and their number: a single frame of shape [bands] is one too."""
    array = as_floats(chunk)
    if array.shape == (bands,):
        return array, 1
    array, count, layout = shaped(array, bands)
    if layout == BANDS_FIRST:
        array = np.ascontiguousarray(array.reshape(bands, count).T)
    return array, count
