"""The example of docs/pipelines.md, as it is printed there. FLOWVOCODER_DOCS is the folder of the documentation."""

import os
import re
import unittest
import wave
from pathlib import Path

import numpy as np
from flowvocoder import Vocoder, pcm16


class Pipelines(unittest.TestCase):
    def test_the_example_speaks(self) -> None:
        page = (Path(os.environ["FLOWVOCODER_DOCS"]) / "pipelines.md").read_text(encoding="utf-8")
        [example] = [block for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "flowvocoder" in block]
        mel = np.load(Path(os.environ["FLOWVOCODER_REFERENCE"]) / "mel.npy")
        exec(compile(example, "pipelines.md", "exec"), {"model": lambda text: iter(mel.T), "text": ""})
        with wave.open("speech.wav") as speech:
            self.assertEqual(speech.getframerate(), 22050)
            spoken = np.frombuffer(speech.readframes(speech.getnframes()), dtype="<i2")
        np.testing.assert_array_equal(spoken, pcm16(Vocoder("student", mel_recipe="nvidia").synth(mel, match=1)))


if __name__ == "__main__":
    unittest.main()
