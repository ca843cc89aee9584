"""Tensors of PyTorch, and a module that makes mel frames step by step and is heard while it runs."""

import os
import unittest
from pathlib import Path
from typing import Iterator

import numpy as np
import torch
from flowvocoder import Vocoder

REFERENCE = Path(os.environ["FLOWVOCODER_REFERENCE"])
MEL = torch.from_numpy(np.load(REFERENCE / "mel.npy"))


class StepByStepTts(torch.nn.Module):
    """A decoder as Tacotron's: each frame is made from the text's encoding, a recurrent state and the frame before."""

    def __init__(self, bands: int = 80, hidden: int = 64) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(128, hidden)
        self.cell = torch.nn.GRUCell(bands + hidden, hidden)
        self.frame = torch.nn.Linear(hidden, bands)
        self.bands = bands

    @torch.inference_mode()
    def forward(self, text: str, frames_a_letter: int = 5) -> Iterator[torch.Tensor]:
        frame, state = torch.zeros(1, self.bands), torch.zeros(1, self.cell.hidden_size)
        for letter in text:
            encoded = self.embedding(torch.tensor([ord(letter)]))
            for _ in range(frames_a_letter):
                state = self.cell(torch.cat([frame, encoded], dim=1), state)
                frame = self.frame(state)
                yield frame * 4 - 5


class Torch(unittest.TestCase):
    def setUp(self) -> None:
        self.vocoder = Vocoder("student")

    def test_tensors_of_all_kinds(self) -> None:
        few = MEL[:, :20]
        expected = self.vocoder.synth(few.numpy())
        for mel in (few, few.T, few[None], few.double(), few.clone().requires_grad_()):
            np.testing.assert_array_equal(self.vocoder.synth(mel), expected)
        half = few.to(torch.bfloat16)
        np.testing.assert_array_equal(self.vocoder.synth(half), self.vocoder.synth(half.float().numpy()))
        with self.assertRaisesRegex(ValueError, "holds torch.int64, expected floating-point numbers"):
            self.vocoder.synth(torch.zeros(80, 3, dtype=torch.long))

    def test_a_module_is_heard_while_it_makes_frames(self) -> None:
        torch.manual_seed(1)
        model = StepByStepTts()
        made, heard = [], []

        def noted(frames: Iterator[torch.Tensor]) -> Iterator[torch.Tensor]:
            for frame in frames:
                made.append(frame)
                yield frame

        for samples in self.vocoder.stream(noted(model("speaking while it runs"))):
            heard.append((len(made), samples))
        # The first frame is heard as soon as its six frames of look-ahead are made, and each further one with the next.
        self.assertEqual([count for count, _ in heard[:-1]], list(range(7, len(made) + 1)))
        spoken = np.concatenate([samples for _, samples in heard])
        self.assertEqual(len(made), 110)
        np.testing.assert_array_equal(spoken, self.vocoder.synth(torch.cat(made), match=1))
        self.assertGreater(float(np.abs(spoken).max()), 1e-4)


if __name__ == "__main__":
    unittest.main()
