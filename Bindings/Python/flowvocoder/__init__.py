"""A mel spectrogram goes in, speech comes out.

>>> import numpy as np
>>> from flowvocoder import Vocoder
>>> vocoder = Vocoder("student")
>>> silence = np.full((80, 10), np.log(1e-5), dtype=np.float32)
>>> samples = vocoder.synth(silence)
>>> samples.shape, samples.dtype, bool(abs(samples).max() < 1e-3)
((2560,), dtype('float32'), True)
"""

from ._library import VocoderError
from ._vocoder import Stream, Vocoder, pcm16

__all__ = ["Stream", "Vocoder", "VocoderError", "pcm16"]
__version__ = "0.1.0"
