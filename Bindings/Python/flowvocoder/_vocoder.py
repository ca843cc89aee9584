"""A voice and its streams."""

from __future__ import annotations

import ctypes
import json
import os
import weakref
from typing import Any, Dict, Iterable, Iterator, Optional, Union

import numpy as np
from numpy.typing import NDArray

from ._library import HERE, Options, VocoderError, check, handle, library
from ._mel import frames_of, shaped

Samples = NDArray[np.float32]
_MATCH_AUTO = -1


def _free(name: str, item: int) -> None:
    try:
        getattr(library(), name)(item)
    except RuntimeError:
        pass  # In a forked child there is nothing to free.


def _find(voice: Union[str, os.PathLike[str]]) -> str:
    path = os.fspath(voice)
    if os.path.isfile(path):
        return path
    installed = {file.stem: file for file in (HERE / "voices").glob("*.safetensors")}
    if path in installed:
        return str(installed[path])
    raise VocoderError(f"found no voice '{path}', expected a file or an installed voice: {', '.join(sorted(installed)) or 'there is none'}")


def _pull(stream: int, count: int) -> Samples:
    samples = np.empty(count, dtype=np.float32)
    check(library().fv_stream_pull(stream, samples.ctypes.data, count))
    return samples


class Vocoder:
    """A voice: loaded once, and used by any number of threads at the same time.

    >>> vocoder = Vocoder()
    >>> vocoder.name, vocoder.sample_rate, vocoder.bands, vocoder.hop_size
    ('student', 22050, 80, 256)
    >>> vocoder.recipe["maxFrequency"]
    8000

    Mels of another toolkit are turned into the voice's own, as ``vocoder synth --mel-recipe`` does:

    >>> vocoder = Vocoder("student", mel_recipe="vocos", approximate=True)
    >>> vocoder.bands, vocoder.difference.split(", ")[0]
    (100, '24000 instead of 22050 Hz')

    :param voice: a voice file, or the name of one that comes with the package.
    :param mel_recipe: what makes the mels, one of ``vocoder mel --list-recipes``; by default they are the voice's own.
    :param stats: a file of mean and deviation of each band by which the mels were normalised.
    :param approximate: also turn mels that cannot be turned without a loss; :attr:`difference` says why there is one.
    :raises VocoderError: there is no such voice, recipe or file, it cannot be used, or the mels can only be turned with a loss.
    """

    def __init__(
        self,
        voice: Union[str, os.PathLike[str]] = "student",
        *,
        mel_recipe: Optional[str] = None,
        stats: Union[str, os.PathLike[str], None] = None,
        approximate: bool = False,
    ) -> None:
        lib = library()
        self._voice = handle(lib.fv_voice_open(os.fsencode(_find(voice))))
        self._finalizer = weakref.finalize(self, _free, "fv_voice_free", self._voice)
        if mel_recipe is not None or stats is not None:
            recipe = None if mel_recipe is None else mel_recipe.encode()
            self._voice = handle(lib.fv_voice_with_recipe(self._voice, recipe, None if stats is None else os.fsencode(stats), approximate))
            self._finalizer()
            self._finalizer = weakref.finalize(self, _free, "fv_voice_free", self._voice)
        self.name: str = lib.fv_voice_name(self._voice).decode()
        self.licence: str = lib.fv_voice_licence(self._voice).decode()
        #: How the mels are made that it takes: sample rate, bands, logarithm and so on.
        self.recipe: Dict[str, Any] = json.loads(lib.fv_voice_recipe(self._voice))
        #: What makes turning them into the voice's own approximate; "" where nothing does.
        self.difference: str = lib.fv_voice_difference(self._voice).decode()
        #: Samples per second.
        self.sample_rate: int = check(lib.fv_voice_sample_rate(self._voice))
        #: Values in a mel frame.
        self.bands: int = check(lib.fv_voice_bands(self._voice))
        #: Samples for each mel frame of the voice's own recipe.
        self.hop_size: int = check(lib.fv_voice_hop_size(self._voice))

    def __repr__(self) -> str:
        return f"Vocoder({self.name!r})"

    def _options(self, sigma: Optional[float], pitch_shift: float, seed: int, match: Optional[int], denoise: float, threads: int) -> Options:
        if not 0 <= seed < 1 << 64:
            raise VocoderError(f"the seed is {seed}, expected 0 to 2**64 - 1")
        for name, value in (("match", match or 0), ("threads", threads)):
            if not 0 <= value < 1 << 31:
                raise VocoderError(f"{name} is {value}, expected 0 or more")
        options = Options()
        check(library().fv_options_init(self._voice, ctypes.byref(options)))
        if sigma is not None:
            options.sigma = sigma
        options.pitch_shift, options.seed, options.denoise, options.threads = pitch_shift, seed, denoise, threads
        options.match = _MATCH_AUTO if match is None else match
        return options

    def synth(
        self,
        mel: Any,
        *,
        sigma: Optional[float] = None,
        pitch_shift: float = 0.0,
        seed: int = 0,
        match: Optional[int] = None,
        denoise: float = 0.0,
        threads: int = 0,
    ) -> Samples:
        """Speaks a whole mel: the same bits as ``vocoder synth --float``. Other threads run meanwhile.

        :param mel: floats of shape [bands, T] or [T, bands], behind any axes of 1; an array of numpy, a tensor of PyTorch.
        :param sigma: standard deviation of the noise, 0 to 10, by default the voice's own.
        :param pitch_shift: semitones, -24 to 24.
        :param seed: the same seed gives the same samples.
        :param match: passes that make the speech obey its mel, 0 to 32, by default what suits.
        :param denoise: how much of the hum of a WaveGlow is subtracted, 0 to 100, usually 0.01 to 0.1.
        :param threads: most threads, by default one a processor.
        :returns: [T * hop_size] samples (of another recipe, as many as last as long), full scale ±1; speech may go a little beyond.
        :raises ValueError: the mel or an option cannot be spoken.
        """
        array, frames, layout = shaped(mel, self.bands)
        options = self._options(sigma, pitch_shift, seed, match, denoise, threads)
        samples = np.empty(check(library().fv_voice_samples(self._voice, frames)), dtype=np.float32)
        check(library().fv_synthesize(self._voice, ctypes.byref(options), array.ctypes.data, frames, layout, samples.ctypes.data, samples.size))
        return samples

    def new_stream(
        self,
        *,
        sigma: Optional[float] = None,
        pitch_shift: float = 0.0,
        seed: int = 0,
        match: Optional[int] = None,
        denoise: float = 0.0,
        threads: int = 1,
    ) -> Stream:
        """A stream that frames are pushed into. Options as for :meth:`synth`; ``match`` is 1 by default, and each pass lets the stream wait longer."""
        return Stream(self, self._options(sigma, pitch_shift, seed, match, denoise, threads))

    def stream(
        self,
        frames: Iterable[Any],
        *,
        sigma: Optional[float] = None,
        pitch_shift: float = 0.0,
        seed: int = 0,
        match: Optional[int] = None,
        denoise: float = 0.0,
        threads: int = 1,
    ) -> Iterator[Samples]:
        """Speaks frames as they come: each as soon as its look-ahead is there.

        >>> vocoder = Vocoder("student")
        >>> frames = (np.full(80, np.log(1e-5)) for _ in range(9))
        >>> [len(samples) for samples in vocoder.stream(frames)]
        [256, 256, 256, 1536]

        :param frames: single frames of shape [bands], or several at a time as for :meth:`synth`.
        """
        stream = self.new_stream(sigma=sigma, pitch_shift=pitch_shift, seed=seed, match=match, denoise=denoise, threads=threads)
        return stream._speak(frames)


class Stream:
    """Frames go in, samples come out, with the same bits however they are cut. One thread at a time.

    >>> stream = Vocoder().new_stream()
    >>> stream.latency
    1536
    >>> frame = np.full(80, np.log(1e-5))
    >>> [len(stream.push(frame)) for _ in range(8)], len(stream.flush())
    ([0, 0, 0, 0, 0, 0, 256, 256], 1536)
    """

    def __init__(self, vocoder: Vocoder, options: Options) -> None:
        self.vocoder = vocoder
        self._stream = handle(library().fv_stream_create(vocoder._voice, ctypes.byref(options)))
        self._finalizer = weakref.finalize(self, _free, "fv_stream_free", self._stream)
        #: Samples between a frame and its speech, without the time of computing.
        self.latency: int = check(library().fv_stream_latency(self._stream))

    def push(self, frames: Any) -> Samples:
        """Takes in a frame [bands], or several as for :meth:`Vocoder.synth`; gives the samples that are ready.

        :raises ValueError: a value cannot be spoken; nothing has been taken in.
        :raises RuntimeError: the signal has ended.
        """
        array, count = frames_of(frames, self.vocoder.bands)
        return _pull(self._stream, check(library().fv_stream_push(self._stream, array.ctypes.data, count)))

    def flush(self) -> Samples:
        """Ends the signal: gives what is left. Afterwards only :meth:`reset` and :meth:`restore` take the stream on."""
        return _pull(self._stream, check(library().fv_stream_flush(self._stream)))

    def reset(self) -> None:
        """Begins a new signal."""
        check(library().fv_stream_reset(self._stream))

    def save(self) -> bytes:
        """All that a stream of the same voice and options needs to go on from here, in another process too."""
        size = check(library().fv_stream_save(self._stream, None, 0))
        state = ctypes.create_string_buffer(size)
        check(library().fv_stream_save(self._stream, state, size))
        return state.raw

    def restore(self, state: bytes) -> None:
        """Goes on from what was saved.

        :raises ValueError: it is no state, damaged, or of another voice or other options; the stream is as it was.
        """
        check(library().fv_stream_restore(self._stream, state, len(state)))

    def _speak(self, frames: Iterable[Any]) -> Iterator[Samples]:
        for chunk in frames:
            samples = self.push(chunk)
            if samples.size:
                yield samples
        samples = self.flush()
        if samples.size:
            yield samples


def pcm16(samples: Any) -> NDArray[np.int16]:
    """Samples as 16-bit integers, rounded off softly beyond full scale, as ``vocoder synth`` writes them.

    >>> pcm16(np.array([0, 0.5, -0.5, 2], dtype=np.float32))
    array([     0,  16384, -16384,  32767], dtype=int16)
    """
    source = np.ascontiguousarray(samples, dtype=np.float32)
    target = np.empty(source.shape, dtype=np.int16)
    check(library().fv_to_pcm16(source.ctypes.data, source.size, target.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))))
    return target
